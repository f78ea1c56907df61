#include "gossip/swim/relays.h"

namespace gossip {

bool Relays::add(base::Instant now, std::uint16_t token, const Target& asker,
                 std::uint64_t asker_token, const NodeId& target) {
  if (relays_.size() >= kRelaysMax || relays_.contains(token)) return false;
  base::Instant due = now + profile_.ping_timeout;
  relays_[token] = Relay{asker, asker_token, target, due, false};
  by_due_.insert({due, token});
  return true;
}

std::optional<Relays::Relay> Relays::acked(std::uint64_t token, const NodeId& target) {
  if (token > UINT16_MAX) return std::nullopt;
  auto found = relays_.find(static_cast<std::uint16_t>(token));
  if (found == relays_.end() || found->second.target != target) return std::nullopt;
  Relay relay = found->second;
  by_due_.erase({relay.due, found->first});
  relays_.erase(found);
  return relay;
}

std::vector<Relays::Relay> Relays::due(base::Instant now) {
  std::vector<Relay> out;
  while (!by_due_.empty() && by_due_.begin()->first <= now) {
    std::uint16_t token = by_due_.begin()->second;
    by_due_.erase(by_due_.begin());
    auto relay = relays_.find(token);
    if (relay->second.nacked) {
      relays_.erase(relay);
      continue;
    }
    out.push_back(relay->second);
    relay->second.nacked = true;
    relay->second.due = now + profile_.ping_interval;
    by_due_.insert({relay->second.due, token});
  }
  return out;
}

base::Instant Relays::next_deadline() const {
  return by_due_.empty() ? base::Instant::never() : by_due_.begin()->first;
}

void Relays::clear() {
  relays_.clear();
  by_due_.clear();
}

}  // namespace gossip
