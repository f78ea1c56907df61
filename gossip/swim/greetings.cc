#include "gossip/swim/greetings.h"

#include <algorithm>
#include <utility>

namespace gossip {

void Greetings::add(base::Instant now, const NodeId& node, int tries) {
  if (!waiting_.try_emplace(node, Greeting{now, tries}).second) return;
  by_time_.insert({now, node});
}

void Greetings::drop(const NodeId& node) {
  auto found = waiting_.find(node);
  if (found == waiting_.end()) return;
  by_time_.erase({found->second.at, node});
  waiting_.erase(found);
}

std::vector<NodeId> Greetings::due(base::Instant now) {
  std::vector<NodeId> out;
  if (now < tick_) return out;
  while (out.size() < kGreetingsPerTick && !by_time_.empty() && by_time_.begin()->first <= now) {
    NodeId node = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    out.push_back(node);
    auto greeting = waiting_.find(node);
    if (--greeting->second.tries == 0) {
      waiting_.erase(greeting);
      continue;
    }
    bool first = !std::exchange(greeting->second.asked, true);
    greeting->second.at = now + profile_.ping_interval * (first ? 1 : 4);
    by_time_.insert({greeting->second.at, node});
  }
  if (!out.empty()) tick_ = now + kGreetingTick;
  return out;
}

base::Instant Greetings::next_deadline() const {
  if (by_time_.empty()) return base::Instant::never();
  return std::max(tick_, by_time_.begin()->first);
}

void Greetings::clear() {
  waiting_.clear();
  by_time_.clear();
}

}  // namespace gossip
