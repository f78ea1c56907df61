#include "gossip/swim/hearsay.h"

#include <algorithm>

namespace gossip {

void Hearsay::add(base::Instant now, const NodeId& node) {
  if (!tries_.try_emplace(node, 0).second) return;
  if (waiting_.empty()) tick_ = std::max(tick_, now + profile_.ping_interval);
  waiting_.push_back(node);
}

void Hearsay::drop(const NodeId& node) { tries_.erase(node); }

std::vector<NodeId> Hearsay::due(base::Instant now) {
  std::vector<NodeId> out;
  if (now < tick_ || waiting_.empty()) return out;
  tick_ = now + profile_.ping_interval;
  while (!waiting_.empty() && out.size() < kHearsayAsked) {
    if (tries_.contains(waiting_.front())) out.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return out;
}

void Hearsay::asked(base::Instant now, const NodeId& node, std::uint16_t token) {
  auto tries = tries_.find(node);
  if (tries == tries_.end()) return;
  ++tries->second;
  // The time for our request to reach the helper, for its ping to time out, and for its answer.
  asked_.push_back({now + profile_.ping_interval * 2, token, node});
}

std::optional<NodeId> Hearsay::vouched(std::uint64_t token) const {
  auto found = std::find_if(asked_.begin(), asked_.end(), [&](const Question& question) {
    return question.token != 0 && question.token == token;
  });
  if (found == asked_.end()) return std::nullopt;
  return found->node;
}

std::vector<NodeId> Hearsay::expired(base::Instant now) {
  std::vector<NodeId> out;
  while (!asked_.empty() && asked_.front().until <= now) {
    NodeId node = asked_.front().node;
    asked_.pop_front();
    auto tries = tries_.find(node);
    if (tries == tries_.end()) continue;
    if (tries->second < kHearsayTries) {
      waiting_.push_back(node);
      continue;
    }
    tries_.erase(tries);
    out.push_back(node);
  }
  return out;
}

base::Instant Hearsay::next_deadline() const {
  base::Instant next = asked_.empty() ? base::Instant::never() : asked_.front().until;
  return waiting_.empty() ? next : std::min(next, tick_);
}

void Hearsay::clear() {
  tries_.clear();
  waiting_.clear();
  asked_.clear();
}

}  // namespace gossip
