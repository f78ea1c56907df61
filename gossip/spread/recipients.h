#pragma once

// Chooses who gets a push. Members that we have met come first; of these, members that are not
// doubtful (Member::is_doubtful) come first. So a push goes to members that probably live, even
// after most of a mesh has ended at once, or when a member names others that do not exist. Only the
// chosen members are copied.

#include <optional>
#include <vector>

#include "crdt/base/random.h"
#include "gossip/outbox.h"
#include "gossip/swim/member_table.h"

namespace gossip {

// The most hearsay members in one push, used when there are not enough others.
inline constexpr std::size_t kHearsayPushed = 8;

class Recipients {
 public:
  explicit Recipients(const MemberTable& members) : members_(members) {}

  // All met members, the doubtful ones last; then at most kHearsayPushed hearsay members.
  std::vector<Target> all() const;
  // The next member on the ring after `self` that is not doubtful. If all near ones are doubtful,
  // it is the nearest one.
  std::optional<NodeId> next_after(const NodeId& self) const;
  // Adds different members with equal chance until there are `count`; never `but`.
  void draw(std::size_t count, const NodeId* but, base::Random& random,
            std::vector<NodeId>& chosen) const;
  std::vector<Target> targets_of(const std::vector<NodeId>& nodes) const;

 private:
  void add_hearsay(std::size_t count, const NodeId* but, std::vector<NodeId>& chosen) const;

  const MemberTable& members_;
};

}  // namespace gossip
