#include "gossip/swim/indirect_probes.h"

namespace gossip {

bool IndirectProbes::add(base::Instant now, std::uint16_t token, const Target& asker,
                         std::uint64_t asker_token, const NodeId& target) {
  if (by_token_.size() >= kIndirectProbesMax || by_token_.contains(token)) return false;
  base::Instant due = now + profile_.ping_timeout;
  by_token_[token] = Asked{asker, asker_token, target, due, false};
  by_due_.insert({due, token});
  return true;
}

std::optional<IndirectProbes::Asked> IndirectProbes::acked(std::uint64_t token,
                                                           const NodeId& target) {
  if (token > UINT16_MAX) return std::nullopt;
  auto found = by_token_.find(static_cast<std::uint16_t>(token));
  if (found == by_token_.end() || found->second.target != target) return std::nullopt;
  Asked asked = found->second;
  by_due_.erase({asked.due, found->first});
  by_token_.erase(found);
  return asked;
}

std::vector<IndirectProbes::Asked> IndirectProbes::due(base::Instant now) {
  std::vector<Asked> out;
  while (!by_due_.empty() && by_due_.begin()->first <= now) {
    std::uint16_t token = by_due_.begin()->second;
    by_due_.erase(by_due_.begin());
    auto asked = by_token_.find(token);
    if (asked->second.nacked) {
      by_token_.erase(asked);
      continue;
    }
    out.push_back(asked->second);
    asked->second.nacked = true;
    asked->second.due = now + profile_.ping_interval;
    by_due_.insert({asked->second.due, token});
  }
  return out;
}

base::Instant IndirectProbes::next_deadline() const {
  return by_due_.empty() ? base::Instant::never() : by_due_.begin()->first;
}

void IndirectProbes::clear() {
  by_token_.clear();
  by_due_.clear();
}

}  // namespace gossip
