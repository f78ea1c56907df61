#pragma once

// Who gets a push. Members that we have met come first, and of these the ones that give no reason
// for doubt (Member::is_doubtful): after most of a mesh has gone at once, or when somebody names
// members that do not exist, a push goes to those of whom we know something. Copies nothing of the
// table but what is chosen.

#include <optional>
#include <vector>

#include "crdt/base/random.h"
#include "gossip/outbox.h"
#include "gossip/swim/member_table.h"

namespace gossip {

// Of members that we know from others only, in one push, where there are not enough others.
inline constexpr std::size_t kHearsayPushed = 8;

class Recipients {
 public:
  explicit Recipients(const MemberTable& members) : members_(members) {}

  // Everybody: who is met, the doubtful ones behind; then kHearsayPushed of the others at most.
  std::vector<Target> all() const;
  // The next on the ring after `self` that is not doubtful; the very next one if all near ones are.
  std::optional<NodeId> next_after(const NodeId& self) const;
  // Adds different ones, evenly drawn, until there are `count`; `but` is none of them.
  void draw(std::size_t count, const NodeId* but, base::Random& random,
            std::vector<NodeId>& chosen) const;
  std::vector<Target> targets_of(const std::vector<NodeId>& nodes) const;

 private:
  void add_hearsay(std::size_t count, const NodeId* but, std::vector<NodeId>& chosen) const;

  const MemberTable& members_;
};

}  // namespace gossip
