#include "gossip/swim/membership.h"

#include <algorithm>

namespace gossip {
namespace {

// What stays free of a datagram for the rest of the ping and what rides beside it.
constexpr std::size_t kPingRoom = 120;
constexpr std::size_t kRecordBytesMax = 60 + kNameMax;

std::size_t news_room(const Options& options) {
  std::size_t room = wire::Packer::message_bytes_max(options.datagram_bytes_max);
  return room > 2 * kPingRoom ? room - kPingRoom : room / 2;
}

// Seeds are tried again every 5 s on a lan, in proportion elsewhere.
base::Duration seed_gap(const Options& options) { return options.profile.ping_interval * 10; }

}  // namespace

Membership::Membership(MemberRecord self, const Options& options, Peers& peers,
                       const Claims& claims, base::Random random, Stats& stats)
    : self_(std::move(self)),
      options_(options),
      peers_(peers),
      claims_(claims),
      random_(random),
      stats_(stats),
      news_room_(news_room(options)),
      table_(options.members_max),
      probe_(options, table_, random_.fork()),
      seeds_(seed_gap(options), random_.fork()) {}

// --- Joining and leaving -------------------------------------------------------------------------

void Membership::seeds(base::Instant now, const std::vector<Address>& seeds, Outbox& box,
                       Actions& out) {
  seeds_.assign(now, seeds, self_.address);
  if (has_left()) return rejoin(now, box, out);
  advance(now, box, out);
}

void Membership::leave(Outbox& box) {
  if (has_left()) return;
  self_.state = MemberState::kLeft;
  for (const auto& [node, member] : table_.all()) {
    if (!member.is_alive()) continue;
    box.add({member.record.address, node}, wire::Leave{self_});
  }
  seeds_.stop();
  probe_.stop();
}

void Membership::rejoin(base::Instant now, Outbox& box, Actions& out) {
  if (!has_left()) return;
  self_.state = MemberState::kAlive;
  ++self_.incarnation;
  news_.add(self_.node);
  probe_.resume();
  seeds_.restart(now);
  for (auto& [node, member] : table_.all()) {
    member.introduced = false;
    probe_.greet(now, node);
  }
  advance(now, box, out);
}

void Membership::topology(Topology topology) {
  self_.topology = topology;
  ++self_.incarnation;
  news_.add(self_.node);
}

void Membership::join(base::Instant now, const Target& to, Outbox& box) {
  box.add(to, wire::Join{self_});
  // So that its answer proves its start in one round trip.
  if (!to.node) box.add(to, wire::Challenge{peers_.issue_token(now)});
}

void Membership::answer_as_left(const NodeId& node, const Address& from, Outbox& box) {
  box.add({from, node}, wire::Leave{self_});
}

// --- What arrives --------------------------------------------------------------------------------

void Membership::heard(base::Instant now, const NodeId& node, Actions& out) {
  Member* member = table_.find(node);
  if (member == nullptr) return;
  probe_.heard(now, *member);
  if (!member->silent) return;
  member->silent = false;
  if (member->is_alive()) out.push_back(MemberUp{member->record});
}

void Membership::proven(base::Instant now, const NodeId& node, const Address& from, Outbox& box) {
  if (has_left()) return;
  Member* member = table_.find(node);
  if (member != nullptr) member->introduced = false;
  if (seeds_.waits_for(from, table_)) {
    join(now, {from, node}, box);
  } else if (member != nullptr && member->state() != MemberState::kLeft) {
    ping(now, node, box);
  }
}

void Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Ping& ping, Outbox& box, Actions& out) {
  merge_all(now, node, from, ping.news, Source::kNews, out);
  const Member* member = table_.find(node);
  bool fresh = member == nullptr || !member->introduced;
  wire::Ack ack{ping.token, claims_.state(), self_.incarnation, pick_news(node, fresh, fresh)};
  box.add({from, node}, ack);
}

void Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Ack& ack, Actions& out) {
  ++stats_.acks_received;
  if (Member* member = table_.find(node)) {
    probe_.answered(now, *member, ack.token);
    member->introduced = true;
  }
  merge_all(now, node, from, ack.news, Source::kNews, out);
}

bool Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Join& join, Outbox& box, Actions& out) {
  if (join.self.node != node || join.self.state != MemberState::kAlive) return false;
  merge(now, node, from, join.self, Source::kNews, out);
  // A big mesh answers with a part, from a random place on; the joiner learns the rest from the
  // acks of those.
  std::size_t others = table_.size();
  NodeId cursor = random_.id<struct base::NodeTag>();
  std::vector<MemberRecord> page = {self_};
  std::size_t bytes = wire::encoded_size(self_);
  std::size_t pages = 0;
  for (std::size_t i = 0; i < others && pages < kJoinPagesMax; ++i) {
    MemberRecord record = table_.after(cursor)->view();
    if (record.node == node) continue;
    if (bytes + wire::encoded_size(record) > news_room_) {
      box.add({from, node}, wire::Members{std::exchange(page, {})});
      bytes = 0;
      ++pages;
    }
    bytes += wire::encoded_size(record);
    page.push_back(std::move(record));
  }
  if (!page.empty()) box.add({from, node}, wire::Members{std::move(page)});
  return true;
}

bool Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Leave& leave, Actions& out) {
  if (leave.self.node != node || leave.self.state != MemberState::kLeft) return false;
  merge(now, node, from, leave.self, Source::kNews, out);
  return true;
}

bool Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Members& members, Actions& out) {
  merge_all(now, node, from, members.records, Source::kTable, out);
  return seeds_.answered(from, node);
}

// --- Records -------------------------------------------------------------------------------------

void Membership::merge_all(base::Instant now, const NodeId& node, const Address& from,
                           const std::vector<MemberRecord>& records, Source source, Actions& out) {
  for (const MemberRecord& record : records) merge(now, node, from, record, source, out);
}

void Membership::merge(base::Instant now, const NodeId& teller, const Address& from,
                       const MemberRecord& told, Source source, Actions& out) {
  if (told.node == self_.node) return merge_self(now, told);
  MemberRecord record = told;
  // Who does not know its own address is where it speaks from.
  if (record.address.is_any() && told.node == teller) record.address = from;
  if (record.address.is_any() || record.address.port == 0) return;
  Member* member = table_.find(record.node);
  if (member == nullptr) return add(now, std::move(record), source, out);
  bool newer = record.incarnation > member->record.incarnation;
  bool same = record.incarnation == member->record.incarnation;
  bool left_now =
      same && record.state == MemberState::kLeft && member->record.state != MemberState::kLeft;
  if (newer || left_now) {
    update(now, *member, record, out);
    news_.add(record.node);
  } else if (same && record.state == MemberState::kAlive) {
    revisit(now, *member);
  }
}

void Membership::merge_self(base::Instant now, const MemberRecord& told) {
  if (has_left() || told.incarnation < self_.incarnation) return;
  bool stale = told.incarnation == self_.incarnation;
  if (stale && told.state == MemberState::kAlive) return;
  // Once an interval: two copies under one id must not drive each other up without end.
  if (now - refuted_ < options_.profile.ping_interval) return;
  refuted_ = now;
  self_.incarnation = told.incarnation + 1;
  news_.add(self_.node);
}

void Membership::add(base::Instant now, MemberRecord record, Source source, Actions& out) {
  bool told_dead = record.state == MemberState::kDead;
  if (record.state != MemberState::kLeft) record.state = MemberState::kAlive;
  std::optional<NodeId> evicted;
  Member* member = table_.insert(now, record, evicted);
  if (evicted) news_.drop(*evicted);
  if (member == nullptr) {
    ++stats_.members_refused;
    return;
  }
  member->silent = told_dead;
  if (source == Source::kNews) news_.add(record.node);
  if (record.state == MemberState::kLeft) return;
  if (member->is_alive()) out.push_back(MemberUp{member->record});
  probe_.greet(now, record.node);
}

void Membership::update(base::Instant now, Member& member, const MemberRecord& told, Actions& out) {
  bool was_alive = member.is_alive();
  member.record = told;
  if (told.state == MemberState::kLeft) {
    probe_.heard(member.heard, member);  // nothing more is asked of it
    if (was_alive) out.push_back(MemberDown{member.view()});
    return;
  }
  member.record.state = MemberState::kAlive;
  // A newer incarnation speaks for a restart, but a silent one is alive only when it answers.
  if (!was_alive && member.is_alive()) out.push_back(MemberUp{member.record});
  member.introduced = false;
  probe_.greet(now, told.node);
}

// Somebody holds a member for alive that is dead for us: ask it, but not for every such word.
void Membership::revisit(base::Instant now, Member& member) {
  if (member.state() != MemberState::kDead) return;
  if (now - member.revisited < options_.profile.silence) return;
  member.revisited = now;
  probe_.greet(now, member.record.node);
}

std::vector<MemberRecord> Membership::pick_news(const NodeId& to, bool introduce, bool fill_all) {
  std::vector<MemberRecord> records;
  std::size_t bytes = 0;
  auto put = [&](const MemberRecord& record) {
    for (const MemberRecord& there : records) {
      if (there.node == record.node) return;
    }
    if (bytes + wire::encoded_size(record) > news_room_) return;
    bytes += wire::encoded_size(record);
    records.push_back(record);
  };
  if (introduce) put(self_);
  const Member* receiver = table_.find(to);
  // Who speaks although it left for us learns that, and can contradict.
  if (receiver != nullptr && receiver->state() == MemberState::kLeft) put(receiver->record);
  std::size_t most = news_room_ / kRecordBytesMax;
  for (const NodeId& about : news_.take(most, table_.size() + 1)) {
    if (about == self_.node) put(self_);
    const Member* member = table_.find(about);
    if (member != nullptr && about != to) put(member->view());
  }
  std::size_t fill = fill_all ? most : kFillRecords;
  for (std::size_t i = 0; i < std::min(fill, table_.size()); ++i) {
    const Member* member = table_.after(fill_cursor_);
    if (member->record.node != to) put(member->view());
  }
  return records;
}

// --- Time ----------------------------------------------------------------------------------------

void Membership::ping(base::Instant now, const NodeId& node, Outbox& box) {
  Member* member = table_.find(node);
  if (member == nullptr || has_left()) return;
  Target to{member->record.address, node};
  std::uint64_t token = random_.next();
  bool introduce = !member->introduced;
  box.add(to, wire::Ping{token, claims_.state(), self_.incarnation,
                         pick_news(node, introduce, introduce)});
  // A member that does not answer may have started anew: its proof is asked for along the way.
  bool doubtful = !peers_.knows(node) || member->unanswered > 0 || member->silent;
  if (doubtful) box.add(to, wire::Challenge{peers_.issue_token(now)});
  probe_.sent(now, *member, token);
  ++stats_.pings_sent;
}

void Membership::advance(base::Instant now, Outbox& box, Actions& out) {
  if (has_left()) return;
  for (const Address& address : seeds_.due(now, table_)) join(now, {address, std::nullopt}, box);
  Probe::Due due;
  probe_.advance(now, due);
  for (const NodeId& node : due.lost) out.push_back(MemberDown{table_.find(node)->view()});
  for (const NodeId& node : due.ping) ping(now, node, box);
}

base::Instant Membership::next_deadline() const {
  if (has_left()) return base::Instant::never();
  return std::min(probe_.next_deadline(), seeds_.next_deadline());
}

}  // namespace gossip
