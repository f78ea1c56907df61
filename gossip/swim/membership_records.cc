// Merges records of members into the table, in SWIM's order of incarnations and states, with three
// limits. The subject's own record beats a record from others. When others claim an incarnation far
// above the held one, we ask the subject instead of believing it. A member that we have just heard
// is at most suspected.

#include <algorithm>

#include "gossip/swim/membership.h"

namespace gossip {

void Membership::merge_all(base::Instant now, const NodeId& node, const Address& from,
                           const std::vector<MemberRecord>& records, Source source, Actions& out) {
  for (const MemberRecord& record : records) merge(now, node, from, record, source, out);
}

void Membership::merge(base::Instant now, const NodeId& teller, const Address& from,
                       const MemberRecord& told, Source source, Actions& out) {
  if (told.node == self_.node) return merge_self(now, teller, told, out);
  MemberRecord record = told;
  bool itself = told.node == teller;
  // A member that does not know its own address has the address that its datagram came from.
  if (record.address.is_any() && itself) record.address = from;
  if (record.address.is_link_local() && !place_on_link(record, itself, from)) return;
  if (record.address.is_any() || record.address.port == 0) return;
  Member* member = table_.find(record.node);
  if (member == nullptr) return add(now, std::move(record), itself, source, out);
  bool one_epoch = record.incarnation >> 16 == member->record.incarnation >> 16;
  std::uint64_t start = member->record.start;
  if (itself) {
    merge_own(now, *member, record, out);
  } else {
    merge_hearsay(now, teller, *member, record, out);
  }
  if (one_epoch && note_rival(*member, start, record.start)) revisit(now, *member);
}

void Membership::merge_hearsay(base::Instant now, const NodeId& teller, Member& there,
                               const MemberRecord& record, Actions& out) {
  Member* member = &there;
  std::uint64_t held = member->record.incarnation;
  bool far = record.incarnation > held && record.incarnation - held > kIncarnationStep;
  if (far && peers_.knows(record.node)) {
    // The member may have restarted, perhaps at another address. Only the member itself can prove
    // that.
    if (record.state == MemberState::kAlive) member->claimed = record.address;
    return revisit(now, *member);
  }
  take_words(now, *member, record, out);
  switch (record.state) {
    case MemberState::kAlive:
      return merge_alive(now, *member, record, out);
    case MemberState::kSuspect:
      return merge_suspect(now, *member, record, teller, out);
    case MemberState::kDead:
      return merge_dead(now, *member, record, teller, out);
    case MemberState::kLeft:
      if (record.incarnation < held || member->state() == MemberState::kLeft) return;
      return renew(now, *member, record, out);
  }
}

// A link-local address names a host on one link only. We take it to be on the link over which we
// received it. Over a path without a link such an address is useless. The exception is the teller's
// own record: it gets the address that the datagram came from.
bool Membership::place_on_link(MemberRecord& record, bool itself, const Address& from) {
  if (from.scope != 0) {
    record.address.scope = from.scope;
  } else if (itself) {
    record.address = from;
  }
  return from.scope != 0 || itself;
}

// True if another process speaks, or spoke, under our node id: the record has another start in our
// boot epoch, or a later epoch (we were restored from a backup). Records of our earlier epochs mean
// nothing. A record without a start shows a twin by its address.
bool Membership::is_of_a_twin(const MemberRecord& told) const {
  if (told.incarnation < start_) return false;
  if (told.incarnation - start_ > 0xFFFF) return true;
  if (told.start != 0) return told.start != self_.start;
  bool placed = !self_.address.is_any() && !told.address.is_any();
  return placed && told.address != self_.address;
}

// Two starts in one boot epoch are two processes. The one whose record we hold is told of the
// other. Only a restart raises the epoch, so a restarted process is never taken for a twin of
// itself. Returns true when this is news.
bool Membership::note_rival(Member& member, std::uint64_t one, std::uint64_t another) {
  if (one == 0 || another == 0 || one == another) return false;
  std::uint64_t rival = member.record.start == one ? another : one;
  if (member.rival_words > 0 && member.rival == rival) return false;
  member.rival = rival;
  member.rival_words = kRivalWords;
  return true;
}

void Membership::merge_self(base::Instant now, const NodeId& teller, const MemberRecord& told,
                            Actions& out) {
  if (!has_left() && is_of_a_twin(told)) out.push_back(Alarm{Alarm::Kind::kTwin, teller, {}, {}});
  if (has_left() || told.incarnation < self_.incarnation) return;
  bool agrees = told.incarnation == self_.incarnation && told.state == MemberState::kAlive;
  if (agrees) return;
  bool accused = told.state == MemberState::kSuspect || told.state == MemberState::kDead;
  if (accused) awareness_.worse(1);
  // A number above ours is one that we have never had. If it is at most kIncarnationStep above
  // ours, we answer with the number above it, as we do for our own number. If it is further above,
  // we only repeat our own record; members that hear it from us take it. All numbers of one start
  // are below those of the next start.
  std::uint64_t above = told.incarnation - self_.incarnation;
  bool in_reach = above <= kIncarnationStep && told.incarnation - start_ < 0xFFFF;
  if (!may_refute(now)) return;
  if (in_reach) {
    self_.incarnation = told.incarnation + 1;
    ++stats_.refutations;
  } else {
    ++stats_.incarnations_refused;
  }
  news_.add(self_.node);
}

// The rate is bounded. Otherwise two copies under one node id would raise each other's incarnation
// without end.
bool Membership::may_refute(base::Instant now) {
  auto regained = (now - refuted_).nanos / options_.profile.ping_interval.nanos;
  if (regained > 0) {
    refutations_ = static_cast<int>(std::min<std::int64_t>(
        kRefutationsMax, refutations_ + std::min<std::int64_t>(regained, kRefutationsMax)));
    refuted_ = now;
  }
  if (refutations_ == 0) return false;
  --refutations_;
  return true;
}

void Membership::merge_own(base::Instant now, Member& member, const MemberRecord& told,
                           Actions& out) {
  std::uint64_t held = member.record.incarnation;
  bool lowered = told.incarnation < held;
  // The member sent an older record of its own.
  if (lowered && held - told.incarnation <= kIncarnationStep) return;
  bool same = told.incarnation == held;
  member.claimed.reset();
  if (told.state == MemberState::kLeft) {
    if (member.state() == MemberState::kLeft) return;
    return renew(now, member, told, out);
  }
  // The held record has the same incarnation and other fields. Somebody else changed it; the
  // member's own fields are right.
  if (same) return repair(now, member, told, out);
  MemberRecord alive = told;
  alive.state = MemberState::kAlive;
  alive.accuser = {};
  renew(now, member, alive, out);
}

// Every ping and ack in a datagram carries the incarnation of its sender, but not its name, address
// and topology. The number contradicts an accusation at once. We ask for the other fields.
void Membership::own_incarnation(base::Instant now, Member& member, const Address& from,
                                 std::uint64_t in_start, Actions& out) {
  auto epoch = peers_.epoch(member.record.node);
  if (!epoch || in_start > 0xFFFF) return;
  std::uint64_t held = member.record.incarnation;
  std::uint64_t told = (*epoch << 16) + in_start;
  member.disputed = told < held;
  bool older = told < held && held - told <= kIncarnationStep;
  if (told != held && !older) {
    MemberRecord record = member.record;
    record.incarnation = told;
    record.start = peers_.start(record.node);
    record.state = MemberState::kAlive;
    record.accuser = {};
    change(now, member, record, out);
    news_.drop(record.node);
    member.wordless = true;
  }
  if (!member.wordless) return;
  if (from != member.record.address) member.claimed = from;
  greet(now, member);
}

// Nobody passes on an incarnation without the name, address and topology that belong to it. So a
// record from others may bring these fields too.
void Membership::take_words(base::Instant now, Member& member, const MemberRecord& told,
                            Actions& out) {
  if (!member.wordless || told.incarnation != member.record.incarnation) return;
  MemberRecord words = told;
  // The member has proven that start to us.
  if (member.record.start != 0) words.start = member.record.start;
  repair(now, member, words, out);
}

// Takes name, address, topology and start of `told`. The held state stays.
void Membership::repair(base::Instant now, Member& member, const MemberRecord& told, Actions& out) {
  MemberRecord record = member.record;
  if (!member.wordless && record.address != told.address) member.elsewhere = record.address;
  record.address = told.address;
  record.name = told.name;
  record.topology = told.topology;
  if (told.start != 0) record.start = told.start;
  if (!member.wordless && record == member.record) return;
  renew(now, member, record, out);
}

// Takes a complete record and spreads it.
void Membership::renew(base::Instant now, Member& member, const MemberRecord& record,
                       Actions& out) {
  bool moved = record.address != member.record.address;
  member.wordless = false;
  member.claimed.reset();
  change(now, member, record, out);
  tell(member);
  bool hearsay = member.is_alive() && !member.met();
  if ((moved || hearsay) && record.state != MemberState::kLeft) greet(now, member);
}

void Membership::merge_alive(base::Instant now, Member& member, const MemberRecord& told,
                             Actions& out) {
  if (told.incarnation > member.record.incarnation) {
    MemberRecord alive = told;
    alive.accuser = {};
    renew(now, member, alive, out);
  } else if (told.incarnation == member.record.incarnation &&
             member.state() == MemberState::kDead) {
    revisit(now, member);
  } else if (told.incarnation < member.record.incarnation) {
    remind(now, member);
  }
}

void Membership::merge_suspect(base::Instant now, Member& member, const MemberRecord& told,
                               const NodeId& teller, Actions& out) {
  std::uint64_t held = member.record.incarnation;
  if (told.incarnation < held) return remind(now, member);
  bool newer = told.incarnation > held;
  if (!newer && !member.is_alive()) return;
  const NodeId& accuser = told.accuser.is_zero() ? teller : told.accuser;
  if (newer) {
    MemberRecord record = told;
    record.state = MemberState::kAlive;
    record.accuser = {};
    renew(now, member, record, out);
  }
  suspect(now, member, accuser, out);
}

void Membership::merge_dead(base::Instant now, Member& member, const MemberRecord& told,
                            const NodeId& teller, Actions& out) {
  std::uint64_t held = member.record.incarnation;
  if (told.incarnation < held) return remind(now, member);
  if (!member.is_alive()) {
    if (told.incarnation == held) return;
    member.wordless = false;
    return change(now, member, told, out);
  }
  auto suspected = suspicions_.find(told.node);
  base::Instant since = suspected != suspicions_.end() ? suspected->second.suspicion.since()
                                                       : now - options_.profile.ping_interval;
  bool ours = member.heard_ourselves && member.heard >= since;
  // After our own pause, news that waited in the socket is old: a member that was dead then may be
  // back.
  if (!ours && now >= accuse_from_) {
    MemberRecord record = told.incarnation > held ? told : member.record;
    record.state = member.state();
    member.wordless = false;
    change(now, member, record, out);
    return die(now, member, told.accuser.is_zero() ? teller : told.accuser, out);
  }
  // We do not believe the death yet and ask the member itself. If we have heard it since it was
  // accused, its suspicion begins again with its full time.
  if (ours) forget_suspicion(told.node);
  merge_suspect(now, member, told, teller, out);
  greet(now, member);
}

void Membership::add(base::Instant now, MemberRecord record, bool itself, Source source,
                     Actions& out) {
  // We do not add dead or left members that we do not know. Otherwise a forgotten member would
  // travel round the mesh for ever. The member that told us asks the dead member itself.
  bool gone = record.state == MemberState::kDead || record.state == MemberState::kLeft;
  if (gone && !itself) return;
  bool accused = record.state == MemberState::kSuspect;
  NodeId accuser = record.accuser;
  if (accused) {
    record.state = MemberState::kAlive;
    record.accuser = {};
  }
  std::optional<MemberRecord> evicted;
  Member* member = table_.insert(now, record, itself, evicted);
  if (evicted) {
    ++stats_.members_displaced;
    news_.drop(evicted->node);
    greetings_.drop(evicted->node);
    hearsay_.drop(evicted->node);
    forget_suspicion(evicted->node);
  }
  if (member == nullptr) {
    ++stats_.members_refused;
    return;
  }
  if (source == Source::kNews) tell(*member);
  if (member->is_alive() && member->met()) out.push_back(MemberUp{member->record});
  if (record.state != MemberState::kLeft) greet(now, *member);
  if (accused) suspect(now, *member, accuser, out);
}

// Every change of a record goes through here, so MemberUp and MemberDown are sent once. No action
// is sent for a member that we have not met.
void Membership::change(base::Instant now, Member& member, const MemberRecord& record,
                        Actions& out) {
  bool was_alive = member.is_alive();
  bool was_met = member.met();
  if (record.state != MemberState::kSuspect) forget_suspicion(record.node);
  table_.change(now, member, record);
  tables_differ_.reset();
  if (was_alive == member.is_alive()) return;
  if (was_alive) {
    greetings_.drop(record.node);
    hearsay_.drop(record.node);
    if (was_met) out.push_back(MemberDown{member.record});
  } else {
    member.unanswered = 0;
    member.ghost = false;
    if (member.met()) out.push_back(MemberUp{member.record});
  }
}

void Membership::suspect(base::Instant now, Member& member, const NodeId& accuser, Actions& out) {
  const NodeId node = member.record.node;
  auto running = suspicions_.find(node);
  if (running != suspicions_.end()) {
    if (!running->second.suspicion.confirm(accuser)) return;
    MemberRecord record = member.record;
    record.accuser = accuser;
    table_.change(now, member, record);
    tell(member);
    return schedule(node);
  }
  MemberRecord record = member.record;
  record.state = MemberState::kSuspect;
  record.accuser = accuser;
  change(now, member, record, out);
  SuspicionTimes times = suspicion_times(options_.profile, table_.living().size() + 1);
  RunningSuspicion fresh{Suspicion(now, accuser, times), now, kLastWords};
  // In a large mesh only some members ping the suspect: it could not answer them all.
  std::size_t speakers = table_.living().size();
  if (speakers > kLastWordSpeakers && accuser != self_.node) {
    auto drawn = random_.below(speakers);
    if (drawn >= kLastWordSpeakers) fresh.words = 0;
  }
  if (!member.met()) fresh.words = 0;  // greetings ping it already
  suspicions_.emplace(node, fresh);
  schedule(node);
  tell(member);
  if (accuser != self_.node) turns_.accused(node);
  ++stats_.suspicions;
}

void Membership::die(base::Instant now, Member& member, const NodeId& accuser, Actions& out) {
  MemberRecord record = member.record;
  record.state = MemberState::kDead;
  record.accuser = accuser;
  member.ghost = !member.met();
  change(now, member, record, out);
  if (!member.ghost) news_.add(record.node);
}

// By value: the argument may be a reference to the key that is erased here.
void Membership::forget_suspicion(NodeId node) {
  if (suspicions_.erase(node) != 0) schedule(node);
}

void Membership::schedule(const NodeId& node) {
  auto running = suspicions_.find(node);
  if (running == suspicions_.end()) return schedule(node, base::Instant::never());
  base::Instant at = running->second.suspicion.deadline();
  if (running->second.words > 0) at = std::min(at, running->second.next_word);
  schedule(node, at);
}

void Membership::schedule(const NodeId& node, base::Instant at) {
  auto key = suspicion_times_.find(node);
  if (key != suspicion_times_.end()) suspicions_due_.erase({key->second, node});
  if (at == base::Instant::never()) {
    suspicion_times_.erase(node);
    return;
  }
  suspicion_times_[node] = at;
  suspicions_due_.insert({at, node});
}

// Asks a member itself because of a message from another member, at most once in four intervals.
void Membership::revisit(base::Instant now, Member& member) {
  if (now - member.revisited < options_.profile.ping_interval * 4) return;
  member.revisited = now;
  greet(now, member, member.claimed ? kClaimTries : kGreetingTries);
}

// The teller has an old record. We spread what we know again.
void Membership::remind(base::Instant now, Member& member) {
  if (now - member.revisited < options_.profile.ping_interval) return;
  member.revisited = now;
  tell(member);
}

}  // namespace gossip
