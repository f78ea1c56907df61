// What membership does when its timers fire: probes, suspicions, rounds of news, retries of dead
// members.

#include <algorithm>

#include "gossip/swim/membership.h"

namespace gossip {

void Membership::advance(base::Instant now, Outbox& box, Actions& out) {
  if (has_left()) return;
  wake(now);
  if (!started_) {
    // The first probe gets a random delay. Without it, hosts that start together would ping in
    // step.
    auto interval = static_cast<std::uint64_t>(options_.profile.ping_interval.nanos);
    auto phase = random_.below(interval + 1);
    probe_.start_at(now + base::nanos(static_cast<std::int64_t>(phase)));
    retry_at_ = now + base::seconds(1);
    heard_any_ = now;
    started_ = true;
  }
  for (const Address& address : seeds_.due(now, table_)) join(now, {address, std::nullopt}, box);
  for (const NodeId& node : greetings_.due(now)) {
    Member* member = table_.find(node);
    if (member == nullptr) continue;
    // A member that left is greeted only when others say that it is back. Without this rule two
    // members that left while each could not hear the other would regard each other as left for
    // ever.
    if (member->state() == MemberState::kLeft && !member->claimed) continue;
    ping(now, *member, member->record.address, box, next_token());
    if (member->claimed) ping(now, *member, *member->claimed, box, next_token());
    bool used_up = member->is_alive() && !member->met() && !greetings_.waits(node);
    if (used_up) hearsay_.add(now, node);
  }
  run_hearsay(now, box, out);
  for (const IndirectProbes::Asked& asked : indirect_probes_.due(now)) {
    box.add(asked.asker, wire::Nack{asked.asker_token}, may_be_short(*asked.asker.node));
  }
  run_probe(now, box, out);
  run_suspicions(now, box, out);
  run_retries(now, box);
  run_news(now, box);
  run_forgetting(now);
}

base::Instant Membership::next_deadline() const {
  if (has_left()) return base::Instant::never();
  if (!started_) return base::Instant{};
  base::Instant next = std::min(probe_.next_deadline(), seeds_.next_deadline());
  next = std::min(next, greetings_.next_deadline());
  next = std::min(next, hearsay_.next_deadline());
  next = std::min(next, indirect_probes_.next_deadline());
  if (!suspicions_due_.empty()) next = std::min(next, suspicions_due_.begin()->first);
  if (!table_.dead().empty() || !table_.dead_hearsay().empty()) next = std::min(next, retry_at_);
  bool news = news_.size() > 0 && !table_.living().empty();
  return news ? std::min(next, news_at_) : next;
}

// Runs when the process has stood still (SIGSTOP, or the host was suspended). Its timers are stale,
// and it does not know what happened meanwhile. So it drops the running probe, gives every
// suspicion its full time again, and accuses nobody for kQuietPeriods intervals. It raises its own
// incarnation, because others may regard it as dead.
void Membership::wake(base::Instant now) {
  if (!started_ || has_left()) return;
  base::Duration interval = options_.profile.ping_interval;
  if (now - probe_.next_deadline() <= interval * kQuietPeriods) return;
  ++stats_.pauses;
  accuse_from_ = now + interval * kQuietPeriods;
  probe_.drop(now + interval / 4);
  indirect_probes_.clear();
  heard_any_ = now;
  SuspicionTimes times = suspicion_times(options_.profile, table_.living().size() + 1);
  for (auto& [node, running] : suspicions_) {
    running =
        RunningSuspicion{Suspicion(now, table_.find(node)->record.accuser, times), now, kLastWords};
    schedule(node);
  }
  if (table_.size() == 0 || !may_refute(now) || in_start() >= 0xFFFF) return;
  ++self_.incarnation;
  ++stats_.refutations;
  news_.add(self_.node);
}

// --- Probes --------------------------------------------------------------------------------------

void Membership::run_probe(base::Instant now, Outbox& box, Actions& out) {
  for (;;) {
    switch (probe_.advance(now)) {
      case Probe::Step::kNothing:
        return;
      case Probe::Step::kNext:
        begin_probe(now, box);
        break;
      case Probe::Step::kAskAround:
        ask_around(now, box, out);
        break;
      case Probe::Step::kAskAgain:
        ping(now, probe_.target(), box);
        break;
      case Probe::Step::kSilent:
        judge_silence(now, out);
        break;
    }
  }
}

void Membership::begin_probe(base::Instant now, Outbox& box) {
  std::optional<NodeId> target = turns_.next();
  if (!target) return probe_.rest(now);
  const Member& member = *table_.find(*target);
  // An isolated node accuses nobody, however often it probes. So its health score does not stretch
  // the interval: with a long interval it would notice late that the network is back.
  std::uint32_t score = isolated(now) ? 0 : awareness_.score();
  probe_.begin(now, *target, score, member.rtt);
  if (probe_.stretched()) ++stats_.probes_stretched;
  ping(now, *target, box);
}

void Membership::ask_around(base::Instant now, Outbox& box, Actions& out) {
  const Member* member = table_.find(probe_.target());
  if (member == nullptr || !member->is_alive()) return;
  Address address = member->record.address;
  std::uint16_t token = next_token();
  std::vector<NodeId> helpers = pick_living(options_.helpers_max, probe_.target(), true);
  for (const NodeId& helper : helpers) {
    Target to{table_.find(helper)->record.address, helper};
    box.add(to, wire::PingRequest{token, probe_.target(), address}, true);
  }
  stats_.helpers_asked += helpers.size();
  probe_.asked_around(token, helpers.size());
  // A session may get through where UDP is blocked or where large datagrams are lost.
  wire::Ping over_session{next_token(), state_hash_, in_start(), {self_}};
  if (member->state() != MemberState::kAlive) over_session.news.push_back(member->view());
  out.push_back(SendFrame{probe_.target(), address, wire::encode(over_session)});
  ping(now, probe_.target(), box);
}

void Membership::judge_silence(base::Instant now, Actions& out) {
  Member* member = table_.find(probe_.target());
  if (member == nullptr || !member->is_alive()) return;
  auto missing = static_cast<std::uint32_t>(probe_.helpers() - probe_.nacks());
  awareness_.worse(probe_.helpers() == 0 ? 1 : missing);
  // The target did not answer, and no helper sent even a nack. Then our own network is the likely
  // cause, so we do not suspect the target.
  bool mine = probe_.helpers() > 0 && probe_.nacks() == 0;
  if (mine || now < accuse_from_) {
    ++stats_.silences;
    return;
  }
  suspect(now, *member, self_.node, out);
}

// --- Suspicions ----------------------------------------------------------------------------------

void Membership::run_suspicions(base::Instant now, Outbox& box, Actions& out) {
  while (!suspicions_due_.empty() && suspicions_due_.begin()->first <= now) {
    auto [at, node] = *suspicions_due_.begin();
    RunningSuspicion& running = suspicions_.at(node);
    Member& member = *table_.find(node);
    const Suspicion& suspicion = running.suspicion;
    if (suspicion.deadline() <= now) {
      if (now - at > options_.profile.ping_timeout) {
        // Our process did not run. The answer of the suspect may wait unread in the socket.
        schedule(node, now + options_.profile.ping_timeout);
        continue;
      }
      // A member that we heard since the suspicion began is alive, even if it never received the
      // accusation.
      bool spoke = member.heard_ourselves && member.heard > suspicion.since();
      if (!spoke) {
        die(now, member, self_.node, out);
        continue;
      }
      MemberRecord record = member.record;
      record.state = MemberState::kAlive;
      record.accuser = {};
      change(now, member, record, out);
      continue;
    }
    // We ping the suspect several times during its suspicion. Each ping carries the accusation, so
    // that it can contradict.
    base::Duration all = suspicion.deadline() - suspicion.since();
    running.next_word = now + all / (kLastWords + 1);
    --running.words;
    schedule(node);
    ping(now, node, box);
  }
}

// --- News, retries, pings ------------------------------------------------------------------------

void Membership::run_news(base::Instant now, Outbox& box) {
  if (now < news_at_ || news_.size() == 0 || table_.living().empty()) return;
  news_at_ = now + options_.profile.gossip_interval;
  for (const NodeId& node : pick_living(options_.news_targets, self_.node, false)) {
    wire::Ack news{0, state_hash_, in_start(), pick_news(node, false, false)};
    if (news.news.empty()) continue;
    box.add({table_.find(node)->record.address, node}, news, may_be_short(node));
  }
}

void Membership::run_retries(base::Instant now, Outbox& box) {
  if (now < retry_at_) return;
  auto rate = static_cast<std::int64_t>(std::max<std::size_t>(1, options_.dead_retries_per_second));
  retry_at_ = now + base::seconds(1) / rate;
  if (auto node = turns_.next_dead()) ping(now, *node, box);
}

// Draws up to `count` different living members with equal chance, without `but`. It may return
// fewer, also when a draw hits the same member often. With `introduced` it takes only members that
// know our start.
std::vector<NodeId> Membership::pick_living(std::size_t count, const NodeId& but, bool introduced) {
  std::vector<NodeId> picked;
  const std::vector<NodeId>& living = table_.living();
  for (std::size_t tries = 0; tries < count * 6 && picked.size() < count; ++tries) {
    if (living.empty()) break;
    auto at = static_cast<std::size_t>(random_.below(living.size()));
    const NodeId& node = living[at];
    if (node == but || std::find(picked.begin(), picked.end(), node) != picked.end()) continue;
    if (introduced && !may_be_short(node)) continue;
    picked.push_back(node);
  }
  return picked;
}

void Membership::ping(base::Instant now, const NodeId& node, Outbox& box) {
  Member* member = table_.find(node);
  if (member == nullptr || has_left()) return;
  ping(now, *member, member->record.address, box, next_token());
}

void Membership::ping(base::Instant now, Member& member, const Address& address, Outbox& box,
                      std::uint16_t token) {
  const NodeId node = member.record.node;
  Target to{address, node};
  bool introduce = !member.introduced;
  // A member that does not answer may have restarted. So the ping comes with a request for a proof
  // of its start.
  bool doubtful = !peers_.knows(node) || member.unanswered > 0 || !member.is_alive();
  // A member that may not exist gets our own record and no other records.
  bool fill = introduce && (member.met() || !member.is_alive());
  wire::Ping ping{token, state_hash_, in_start(), pick_news(node, introduce, fill)};
  ping.position = untold_position(node);
  if (++pings_ % kTableEvery == 0) ping.table = table_hash();
  box.add(to, ping, !introduce && !doubtful);
  if (doubtful) box.add(to, wire::Challenge{peers_.token_for(now, &node)});
  std::rotate(member.pings.begin(), member.pings.end() - 1, member.pings.end());
  member.pings[0] = {token, now};
  ++member.unanswered;
  ++stats_.pings_sent;
}

// --- Forgetting ----------------------------------------------------------------------------------

// Looks every kReplacedIntervals ping intervals for dead and left members that can be forgotten. No
// data depends on their records. A member that comes back makes itself known again.
void Membership::run_forgetting(base::Instant now) {
  if (now < forget_at_) return;
  forget_at_ = now + options_.profile.ping_interval * kReplacedIntervals;
  for (const NodeId& node : replaced(now)) forget(node);
  bool away = !heard_member_ || now - *heard_member_ > kAwayAfter;
  if (away || now - company_since_ < kForgetAfter) return;
  for (const NodeId& node : table_.gone_before(now - kForgetAfter)) forget(node);
}

std::vector<NodeId> Membership::replaced(base::Instant now) const {
  std::vector<NodeId> out;
  base::Duration told = options_.profile.ping_interval * kReplacedIntervals;
  std::vector<NodeId> gone = table_.gone_before(now - told);
  if (gone.empty()) return out;
  std::set<std::pair<Address, std::string>> taken = {{self_.address, self_.name}};
  for (const NodeId& node : table_.living()) {
    const Member& member = *table_.find(node);
    bool certain = member.state() == MemberState::kAlive && member.heard_ourselves;
    if (certain && !member.wordless) taken.insert({member.record.address, member.record.name});
  }
  for (const NodeId& node : gone) {
    const MemberRecord& record = table_.find(node)->record;
    if (taken.contains({record.address, record.name})) out.push_back(node);
  }
  return out;
}

void Membership::forget(const NodeId& node) {
  ++stats_.members_forgotten;
  news_.drop(node);
  greetings_.drop(node);
  forget_suspicion(node);
  table_.erase(node);
}

Hearing Membership::hearing() const {
  return {heard_member_.value_or(base::Instant{}), heard_member_.has_value(),
          table_.size() - table_.left(), table_.left()};
}

bool Membership::isolated(base::Instant now) const {
  if (!started_ || table_.living().size() < 2) return false;
  return now - heard_any_ >= options_.profile.ping_interval * kSilentIntervals;
}

}  // namespace gossip
