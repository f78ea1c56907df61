#include "gossip/swim/probe.h"

#include <algorithm>

namespace gossip {

Probe::Probe(const Options& options, MemberTable& table, base::Random random)
    : options_(options), table_(table), random_(random) {}

void Probe::advance(base::Instant now, Due& due) {
  if (!started_) {
    // Hosts that start together must not ping in step.
    auto interval = static_cast<std::uint64_t>(options_.profile.ping_interval.nanos);
    auto phase = random_.below(interval + 1);
    round_at_ = now + base::nanos(static_cast<std::int64_t>(phase));
    retry_at_ = now;
    started_ = true;
  }
  if (stopped_) return;
  run_greetings(now, due);
  run_due(now, due);
  run_round(now, due);
  run_retries(now, due);
}

base::Instant Probe::next_deadline() const {
  if (!started_) return base::Instant{};
  if (stopped_) return base::Instant::never();
  base::Instant next = std::min(round_at_, retry_at_);
  if (!greetings_.empty()) next = std::min(next, greet_at_);
  if (!due_.empty()) next = std::min(next, due_.begin()->first);
  return next;
}

void Probe::greet(base::Instant now, const NodeId& node) {
  if (!greeted_.insert(node).second) return;
  if (greetings_.empty()) greet_at_ = now;
  greetings_.push_back(node);
}

void Probe::run_greetings(base::Instant now, Due& due) {
  if (greetings_.empty() || now < greet_at_) return;
  for (std::size_t i = 0; i < kGreetingsPerTick && !greetings_.empty(); ++i) {
    NodeId node = greetings_.front();
    greetings_.pop_front();
    greeted_.erase(node);
    const Member* member = table_.find(node);
    if (member != nullptr && member->state() != MemberState::kLeft) due.ping.push_back(node);
  }
  greet_at_ = now + kGreetingTick;
}

void Probe::run_due(base::Instant now, Due& due) {
  while (!due_.empty() && due_.begin()->first <= now) {
    auto [at, node] = *due_.begin();
    due_.erase(due_.begin());
    Member* member = table_.find(node);
    if (member == nullptr) continue;
    member->due = base::Instant::never();
    if (!member->is_alive()) continue;
    if (now - at > options_.profile.ping_interval) {
      // We were not running ourselves: its answers may wait unread. Ask afresh.
      member->asked = now;
      member->unanswered = 0;
    }
    bool asked_long = now - member->asked >= options_.profile.silence;
    if (asked_long && member->unanswered >= kUnansweredMin) {
      member->silent = true;
      member->unanswered = 0;
      member->asked = base::Instant::never();
      due.lost.push_back(node);
    } else {
      due.ping.push_back(node);
    }
  }
}

void Probe::run_round(base::Instant now, Due& due) {
  if (now < round_at_) return;
  round_at_ = now + options_.profile.ping_interval;
  for (int fresh = 0; fresh < 2; ++fresh) {
    while (!round_.empty()) {
      NodeId node = round_.back();
      round_.pop_back();
      const Member* member = table_.find(node);
      bool askable = member != nullptr && member->is_alive() && member->unanswered == 0;
      if (!askable) continue;
      due.ping.push_back(node);
      return;
    }
    for (const auto& [node, member] : table_.all()) {
      if (member.is_alive()) round_.push_back(node);
    }
    for (std::size_t i = round_.size(); i > 1; --i) {
      auto other = static_cast<std::size_t>(random_.below(i));
      std::swap(round_[i - 1], round_[other]);
    }
  }
}

void Probe::run_retries(base::Instant now, Due& due) {
  if (now < retry_at_) return;
  auto rate = static_cast<std::int64_t>(std::max<std::size_t>(1, options_.dead_retries_per_second));
  retry_at_ = now + base::seconds(1) / rate;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const Member* member = table_.after(retry_cursor_);
    if (member->state() != MemberState::kDead) continue;
    due.ping.push_back(member->record.node);
    return;
  }
}

void Probe::sent(base::Instant now, Member& member, std::uint64_t token) {
  std::rotate(member.pings.begin(), member.pings.end() - 1, member.pings.end());
  member.pings[0] = {token, now};
  if (!member.is_alive()) return;
  if (member.unanswered == 0) member.asked = now;
  ++member.unanswered;
  bool repeat_soon = member.unanswered < kUnansweredMin;
  const Profile& profile = options_.profile;
  base::Instant next = now + (repeat_soon ? profile.ping_timeout : profile.ping_interval);
  base::Instant judgement = member.asked + profile.silence;
  if (!repeat_soon && now < judgement) next = std::min(next, judgement);
  schedule(member, next);
}

void Probe::heard(base::Instant now, Member& member) {
  member.heard = now;
  member.asked = base::Instant::never();
  member.unanswered = 0;
  schedule(member, base::Instant::never());
}

void Probe::answered(base::Instant now, Member& member, std::uint64_t token) {
  for (SentPing& ping : member.pings) {
    if (ping.token != token || token == 0) continue;
    base::Duration sample = now - ping.at;
    ping.token = 0;
    // Smoothed as in RFC 6298: an eighth of each new sample.
    member.rtt = member.rtt ? *member.rtt * 7 / 8 + sample / 8 : sample;
    return;
  }
}

void Probe::forget(const Member& member) {
  if (member.due != base::Instant::never()) due_.erase({member.due, member.record.node});
}

void Probe::stop() {
  stopped_ = true;
  greetings_.clear();
  greeted_.clear();
  for (auto& [node, member] : table_.all()) {
    member.unanswered = 0;
    member.asked = base::Instant::never();
    schedule(member, base::Instant::never());
  }
}

void Probe::schedule(Member& member, base::Instant at) {
  if (member.due != base::Instant::never()) due_.erase({member.due, member.record.node});
  member.due = at;
  if (at != base::Instant::never()) due_.insert({at, member.record.node});
}

}  // namespace gossip
