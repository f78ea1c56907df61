#include "gossip/peer.h"

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
    : peers_max_(options.starts_known_max),
      random_(random),
      challenges_(options.challenges_per_second),
      echoes_(kEchoesPerSecond) {}

Peers::Standing Peers::standing(const Opened& datagram) const {
  auto start = starts_.find(StartKey{datagram.sender, datagram.start});
  if (start == starts_.end()) return Standing::kUnknown;
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
    starts_.erase(found->second.start);
  } else {
    make_room();
  }
  Peer& peer = peers_[node];
  peer.start = StartKey{datagram.sender, datagram.start};
  peer.epoch = epoch;
  peer.window = wire::ReplayWindow();
  // Everything this start sealed before its proof is closed off: it may be a recording of the
  // same start, from before we forgot it.
  peer.window.mark(datagram.counter);
  peer.proven_at = datagram.counter;
  starts_[peer.start] = node;
  touch(node, peer);
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
  starts_.erase(peer->second.start);
  peers_.erase(peer);
  by_use_.erase(oldest);
}

std::uint64_t Peers::issue_token(base::Instant now) {
  // The top bit keeps every token at nine encoded bytes: answers must not outgrow questions.
  std::uint64_t token = random_.next() | std::uint64_t{1} << 63;
  while (!tokens_in_order_.empty()) {
    auto oldest = tokens_.find(tokens_in_order_.front());
    bool waits = oldest != tokens_.end() && now < oldest->second;
    bool room = tokens_.size() < kTokensMax && tokens_in_order_.size() < 2 * kTokensMax;
    if (waits && room) break;
    if (oldest != tokens_.end()) tokens_.erase(oldest);
    tokens_in_order_.pop_front();
  }
  tokens_[token] = now + kTokenLife;
  tokens_in_order_.push_back(token);
  return token;
}

bool Peers::redeem_token(base::Instant now, std::uint64_t token) {
  auto found = tokens_.find(token);
  if (found == tokens_.end()) return false;
  bool fresh = now < found->second;
  tokens_.erase(found);
  return fresh;
}

}  // namespace gossip
