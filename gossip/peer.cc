#include "gossip/peer.h"

#include <algorithm>

#include "crdt/base/check.h"

namespace gossip {

bool AnswerLimit::grant(base::Instant now, const Address& to) {
  if (window_.nanos == INT64_MIN || now - window_ >= base::seconds(1)) {
    window_ = now;
    granted_ = 0;
    granted_to_.clear();
  }
  if (granted_ >= per_second_) return false;
  std::uint32_t& here = granted_to_[to];
  if (here >= kAnswersPerAddress) return false;
  ++here;
  ++granted_;
  return true;
}

Peers::Peers(const Options& options, base::Random random)
    : peers_max_(options.starts_known_max), tokens_(random) {}

Peers::Standing Peers::standing(const Opened& datagram) const {
  StartKey key{datagram.sender, datagram.start};
  auto start = starts_.find(key);
  if (start == starts_.end()) {
    auto former = formers_.find(key);
    bool taken = former != formers_.end() && datagram.counter <= former->second;
    return taken ? Standing::kReplayed : Standing::kUnknown;
  }
  const Peer& peer = peers_.at(start->second);
  bool closed = datagram.counter <= peer.proven_at || peer.window.seen(datagram.counter);
  return closed ? Standing::kReplayed : Standing::kKnown;
}

bool Peers::outdated(const NodeId& node, std::uint64_t epoch) const {
  auto peer = peers_.find(node);
  return peer != peers_.end() && epoch < peer->second.epoch;
}

std::optional<std::uint64_t> Peers::epoch(const NodeId& node) const {
  auto peer = peers_.find(node);
  if (peer == peers_.end()) return std::nullopt;
  return peer->second.epoch;
}

std::uint64_t Peers::start(const NodeId& node) const {
  auto peer = peers_.find(node);
  if (peer == peers_.end()) return 0;
  return wire::start_number(peer->second.start.second);
}

std::optional<NodeId> Peers::owner(const Opened& datagram) const {
  auto start = starts_.find(StartKey{datagram.sender, datagram.start});
  if (start == starts_.end()) return std::nullopt;
  return start->second;
}

bool Peers::accept(const Opened& datagram, const NodeId& node, std::uint64_t epoch) {
  auto found = peers_.find(node);
  if (found == peers_.end()) return false;
  Peer& peer = found->second;
  if (peer.start != StartKey{datagram.sender, datagram.start}) return false;
  if (peer.epoch != epoch) return false;
  peer.window.mark(datagram.counter);
  touch(node, peer);
  return true;
}

void Peers::prove(const Opened& datagram, const NodeId& node, std::uint64_t epoch) {
  CHECK(!outdated(node, epoch));
  auto found = peers_.find(node);
  if (found != peers_.end()) {
    replace(found->second);
  } else {
    make_room();
  }
  Peer& peer = peers_[node];
  peer.start = StartKey{datagram.sender, datagram.start};
  formers_.erase(peer.start);
  peer.epoch = epoch;
  peer.window = wire::ReplayWindow();
  // Everything that this start sealed before its proof is refused: it may be a replay, from before
  // we forgot this start.
  peer.window.mark(datagram.counter);
  peer.proven_at = datagram.counter;
  starts_[peer.start] = node;
  touch(node, peer);
}

void Peers::replace(const Peer& peer) {
  starts_.erase(peer.start);
  if (formers_.insert_or_assign(peer.start, peer.window.highest()).second) {
    formers_in_order_.push_back(peer.start);
  }
  // A start that came back in between is still in the order, perhaps twice, but no longer in the
  // table.
  while (formers_in_order_.size() > kFormerStartsMax) {
    formers_.erase(formers_in_order_.front());
    formers_in_order_.pop_front();
  }
}

void Peers::touch(const NodeId& node, Peer& peer) {
  if (peer.used != 0) by_use_.erase(peer.used);
  peer.used = ++uses_;
  by_use_[peer.used] = node;
}

void Peers::make_room() {
  if (peers_.size() < peers_max_) return;
  auto oldest = by_use_.begin();
  auto peer = peers_.find(oldest->second);
  replace(peer->second);
  peers_.erase(peer);
  by_use_.erase(oldest);
}

std::uint64_t Peers::token_for(base::Instant now, const NodeId* node) const {
  Tokens::Prefix prefix{};
  if (node != nullptr) std::copy_n(node->bytes.begin(), prefix.size(), prefix.begin());
  return tokens_.ask(now, prefix);
}

}  // namespace gossip
