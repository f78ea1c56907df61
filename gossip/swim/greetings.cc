#include "gossip/swim/greetings.h"

#include <algorithm>
#include <utility>

namespace gossip {

void Greetings::add(base::Instant now, const NodeId& node, int tries, bool hearsay) {
  auto [at, added] = waiting_.try_emplace(node, Greeting{now, tries, false, hearsay});
  if (added) {
    line_of(at->second).insert({now, node});
  } else if (at->second.hearsay && !hearsay) {
    hearsay_.erase({at->second.at, node});
    at->second.hearsay = false;
    by_time_.insert({at->second.at, node});
  }
}

void Greetings::drop(const NodeId& node) {
  open_.erase(node);
  auto found = waiting_.find(node);
  if (found == waiting_.end()) return;
  line_of(found->second).erase({found->second.at, node});
  waiting_.erase(found);
}

std::vector<NodeId> Greetings::due(base::Instant now) {
  std::vector<NodeId> out;
  while (!open_in_order_.empty() && open_in_order_.front().first <= now) {
    auto open = open_.find(open_in_order_.front().second);
    if (open != open_.end() && open->second == open_in_order_.front().first) open_.erase(open);
    open_in_order_.pop_front();
  }
  if (now < tick_) return out;
  take_due(now, false, out);
  take_due(now, true, out);
  if (!out.empty()) tick_ = now + kGreetingTick;
  return out;
}

void Greetings::take_due(base::Instant now, bool hearsay, std::vector<NodeId>& out) {
  ByTime& line = hearsay ? hearsay_ : by_time_;
  while (out.size() < kGreetingsPerTick && !line.empty() && line.begin()->first <= now) {
    if (hearsay && open_.size() >= kHearsayOpen) return;
    NodeId node = line.begin()->second;
    line.erase(line.begin());
    out.push_back(node);
    if (hearsay) {
      base::Instant until = now + profile_.ping_interval;
      open_.insert_or_assign(node, until);
      open_in_order_.emplace_back(until, node);
    }
    auto greeting = waiting_.find(node);
    if (--greeting->second.tries == 0) {
      waiting_.erase(greeting);
      continue;
    }
    bool first = !std::exchange(greeting->second.asked, true);
    greeting->second.at = now + profile_.ping_interval * (first ? 1 : 2);
    line.insert({greeting->second.at, node});
  }
}

base::Instant Greetings::next_deadline() const {
  base::Instant next = base::Instant::never();
  if (!by_time_.empty()) next = by_time_.begin()->first;
  if (!hearsay_.empty()) {
    bool full = open_.size() >= kHearsayOpen;
    base::Instant room = full ? open_in_order_.front().first : hearsay_.begin()->first;
    next = std::min(next, std::max(room, hearsay_.begin()->first));
  }
  return next == base::Instant::never() ? next : std::max(tick_, next);
}

void Greetings::clear() {
  waiting_.clear();
  by_time_.clear();
  hearsay_.clear();
  open_.clear();
  open_in_order_.clear();
}

}  // namespace gossip
