#pragma once

// The topology `push-pull`: a change goes to a few members, and each to whom it is new passes it on
// once, to a few more (infect and die). One of the few is the next member on the ring of node ids:
// while views agree and nothing is lost, the ring alone reaches everybody whom chance left out.
// What is missed all the same is pulled by reconciliation. Relays whatever topology the origin
// has, as the message says.

#include <cstdint>
#include <deque>
#include <set>
#include <tuple>

#include "gossip/spread/strategy.h"

namespace gossip {

inline constexpr std::size_t kRelayedMax = 16'384;  // remembered; above: the oldest is forgotten

class PushPull : public Strategy {
 public:
  PushPull(const NodeId& self, const Options& options, std::size_t datagram_room,
           base::Random random);
  PushPlan originate(const std::vector<crdt::SealedChange>& own,
                     const Recipients& members) override;
  bool relies_on_relays() const override { return true; }

  // `fresh`: of a push of `giver`, what is new here. No change is relayed twice while it is
  // remembered, however often the replica had to forget it.
  PushPlan relay(const std::vector<const crdt::SealedChange*>& fresh, const NodeId& giver,
                 const Recipients& members);
  // What one push may hold of new changes: more is left to be pulled, once instead of fan-out
  // times.
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
