#pragma once

// Members that we know only from others and that answered none of our greetings. We ask other
// members to ping them: a bounded number in each interval, twice for each member. A member that
// stays silent then counts as dead, so members that do not exist disappear. Membership sends the
// questions and changes the records.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

// So many members others are asked to ping in each interval.
inline constexpr std::size_t kHearsayAsked = 32;
inline constexpr int kHearsayTries = 2;  // for each of them

class Hearsay {
 public:
  explicit Hearsay(const Profile& profile) : profile_(profile) {}

  void add(base::Instant now, const NodeId& node);  // it answered no greeting
  void drop(const NodeId& node);                    // it was met, or is gone

  // The members that others are asked to ping now. Call asked() for each.
  std::vector<NodeId> due(base::Instant now);
  void asked(base::Instant now, const NodeId& node, std::uint16_t token);
  // The member that an ack with this token vouches for.
  std::optional<NodeId> vouched(std::uint64_t token) const;
  // No member has heard these members, so they count as dead.
  std::vector<NodeId> expired(base::Instant now);

  base::Instant next_deadline() const;
  void clear();
  std::size_t size() const { return tries_.size(); }

 private:
  struct Question {
    base::Instant until;
    std::uint16_t token = 0;
    NodeId node;
  };
  const Profile& profile_;
  base::Instant tick_{INT64_MIN / 2};
  std::map<NodeId, int> tries_;  // tries so far, of those that wait or are asked for
  std::deque<NodeId> waiting_;   // some may have been dropped
  std::deque<Question> asked_;   // in the order of `until`
};

}  // namespace gossip
