#pragma once

// Members that we know from others only and that answered none of our greetings. We ask other
// members to ping them: a bounded number an interval, twice for each. A member that is silent then
// counts as dead, so names that nobody answers to disappear. Leaves asking and judging to
// Membership.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

// Members that others are asked to ping, an interval.
inline constexpr std::size_t kHearsayAsked = 32;
inline constexpr int kHearsayTries = 2;  // for each of them

class Hearsay {
 public:
  explicit Hearsay(const Profile& profile) : profile_(profile) {}

  void add(base::Instant now, const NodeId& node);  // its greetings are used up
  void drop(const NodeId& node);                    // met, or gone

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
