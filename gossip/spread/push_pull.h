#pragma once

// The topology `push-pull`: a change goes to a few members, and each member to which it is new
// relays it once, to a few more ("infect and die"). One of the few is the next member on the ring
// of node ids. While all members know the same members and nothing is lost, the ring reaches all
// members that were not drawn. Reconciliation pulls what is still missing. A member relays as the
// message says, whatever its own topology is.

#include <cstdint>
#include <deque>
#include <set>
#include <tuple>

#include "gossip/spread/strategy.h"

namespace gossip {

// So many relayed changes are remembered; above that the oldest is forgotten.
inline constexpr std::size_t kRelayedMax = 16'384;

class PushPull : public Strategy {
 public:
  PushPull(const NodeId& self, const Options& options, std::size_t datagram_room,
           base::Random random);
  PushPlan originate(const std::vector<crdt::SealedChange>& own,
                     const Recipients& members) override;
  bool relies_on_relays() const override { return true; }

  // `fresh`: the changes in a push of `giver` that are new here. No change is relayed twice while
  // it is remembered, even if the replica drops it in between.
  PushPlan relay(const std::vector<const crdt::SealedChange*>& fresh, const NodeId& giver,
                 const Recipients& members);
  // False if a push has more new changes than relay_bytes_max. Reconciliation then brings them to
  // each member once, instead of as often as the fan-out.
  bool may_relay(const std::vector<const crdt::SealedChange*>& fresh) const;

 private:
  using Key = std::tuple<base::ActorId, std::uint64_t, crdt::HeadHash>;
  bool remember(const crdt::SealedChange& change);
  std::vector<Target> pick(const Recipients& members, const NodeId* giver);

  NodeId self_;
  std::size_t fan_out_;
  std::size_t relay_bytes_max_;
  std::size_t datagram_room_;
  base::Random random_;
  std::set<Key> relayed_;
  std::deque<Key> relayed_in_order_;
};

}  // namespace gossip
