#pragma once

// When to look at each peer again. Each peer has at most one time, so the number of peers bounds
// the size. Reconciler is its only user.

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "crdt/base/time.h"
#include "gossip/address.h"

namespace gossip {

class Agenda {
 public:
  // Replaces the former time of the peer.
  void set(const NodeId& peer, base::Instant at) {
    drop(peer);
    times_[peer] = at;
    in_order_.insert({at, peer});
  }
  void drop(const NodeId& peer) {
    auto found = times_.find(peer);
    if (found == times_.end()) return;
    in_order_.erase({found->second, peer});
    times_.erase(found);
  }
  // Takes the first peer whose time has come. None: nobody is due.
  std::optional<NodeId> take_due(base::Instant now) {
    if (next() > now) return std::nullopt;
    NodeId peer = in_order_.begin()->second;
    drop(peer);
    return peer;
  }
  base::Instant next() const {
    return in_order_.empty() ? base::Instant::never() : in_order_.begin()->first;
  }

 private:
  std::map<NodeId, base::Instant> times_;
  std::set<std::pair<base::Instant, NodeId>> in_order_;
};

}  // namespace gossip
