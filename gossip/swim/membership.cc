#include "gossip/swim/membership.h"

#include <algorithm>
#include <utility>

namespace gossip {
namespace {

// The room in a datagram that news must leave free: for the other fields of the ping and for
// messages beside it.
constexpr std::size_t kPingRoom = 120;
constexpr std::size_t kRecordBytesMax = 78 + kNameMax;

std::size_t news_room(const Options& options) {
  std::size_t room = wire::Packer::message_bytes_max(options.datagram_bytes_max);
  return room > 2 * kPingRoom ? room - kPingRoom : room / 2;
}

// The longest time between two tries of a seed: 5 s with the profile lan, in proportion with the
// others.
base::Duration seed_gap(const Options& options) { return options.profile.ping_interval * 10; }

}  // namespace

Membership::Membership(MemberRecord self, const Options& options, Peers& peers, base::Random random,
                       Stats& stats)
    : self_(std::move(self)),
      start_(self_.incarnation),
      options_(options),
      peers_(peers),
      random_(random),
      stats_(stats),
      news_room_(news_room(options)),
      table_(options.members_max),
      turns_(self_.node, table_, random_.fork()),
      probe_(options.profile),
      indirect_probes_(options.profile),
      greetings_(options.profile),
      hearsay_(options.profile),
      seeds_(seed_gap(options), random_.fork()),
      join_answers_(kJoinAnswersPerSecond) {}

// --- Joining and leaving -------------------------------------------------------------------------

void Membership::seeds(base::Instant now, const std::vector<Address>& seeds, Outbox& box,
                       Actions& out) {
  seeds_.assign(now, seeds, self_.address);
  if (!has_left()) advance(now, box, out);
}

void Membership::remember(base::Instant now, const std::vector<MemberRecord>& members) {
  for (const MemberRecord& told : members) {
    bool sound = told.node != self_.node && !told.node.is_zero() && told.address.port != 0;
    if (!sound || table_.find(told.node) != nullptr) continue;
    if (table_.size() >= options_.remembered_max) return;
    MemberRecord record = told;
    // Incarnation 0 is below every real one. So a remembered record contradicts no record from the
    // mesh.
    record.incarnation = 0;
    record.state = MemberState::kDead;
    record.accuser = {};
    std::optional<MemberRecord> evicted;
    if (table_.insert(now, record, false, evicted) == nullptr) return;
    greetings_.add(now, record.node);
  }
}

std::vector<MemberRecord> Membership::memory(base::Instant now) const {
  std::vector<MemberRecord> out;
  for (bool living : {true, false}) {
    for (const auto& [node, member] : table_.all()) {
      bool left = member.state() == MemberState::kLeft;
      // Members that we only heard of from others are not remembered.
      bool known = member.is_alive() ? member.met() : !member.ghost;
      bool lately = !left || now - member.heard < kLeftRemembered;
      bool wanted = known && lately && member.is_alive() == living;
      if (wanted && out.size() < options_.remembered_max) out.push_back(member.record);
    }
  }
  return out;
}

void Membership::leave(Outbox& box) {
  if (has_left()) return;
  self_.state = MemberState::kLeft;
  for (const auto& [node, member] : table_.all()) {
    bool met = member.is_alive() && member.met();
    if (met) box.add({member.record.address, node}, wire::Leave{self_});
  }
  seeds_.stop();
  probe_.stop();
  greetings_.clear();
  hearsay_.clear();
  indirect_probes_.clear();
  while (!suspicions_.empty()) forget_suspicion(suspicions_.begin()->first);
  started_ = false;
}

void Membership::rejoin(base::Instant now, Outbox& box, Actions& out) {
  if (!has_left()) return;
  self_.state = MemberState::kAlive;
  ++self_.incarnation;
  news_.add(self_.node);
  seeds_.restart(now);
  // Suspicions from before we left are dropped, and these members are asked again.
  std::vector<NodeId> all;
  for (const auto& [node, member] : table_.all()) all.push_back(node);
  for (const NodeId& node : all) {
    Member& member = *table_.find(node);
    member.introduced = false;
    member.told_position.reset();
    member.unanswered = 0;
    if (member.state() != MemberState::kLeft) greet(now, member);
    if (member.state() != MemberState::kSuspect) continue;
    MemberRecord record = member.record;
    record.state = MemberState::kAlive;
    record.accuser = {};
    change(now, member, record, out);
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
  // The challenge saves a round trip: the answer to it proves the start of the receiver at once.
  if (!to.node) box.add(to, wire::Challenge{peers_.token_for(now, nullptr)});
}

void Membership::answer_as_left(const NodeId& node, const Address& from, Outbox& box) {
  box.add({from, node}, wire::Leave{self_});
}

// --- What arrives --------------------------------------------------------------------------------

void Membership::heard(base::Instant now, const NodeId& node, bool session, Actions& out) {
  wake(now);
  Member* member = table_.find(node);
  if (member == nullptr) return;
  if (isolated(now)) {
    // A long silence has ended, so the cause of our bad health score is gone. The running probe,
    // with its stretched interval, starts again.
    awareness_.well();
    probe_.drop(now);
  }
  heard_any_ = now;
  if (probe_.heard(node)) awareness_.better();
  if (session) {
    member->sessions_refused = 0;
    auto lost = [&](const SentPing& ping) {
      bool late = now - ping.at > options_.profile.ping_timeout;
      return ping.token != 0 && late && ping.at > member->heard_datagram;
    };
    // One lost ping proves nothing; two do.
    member->udp_blocked |= std::count_if(member->pings.begin(), member->pings.end(), lost) >= 2;
  } else {
    member->heard_datagram = now;
    member->udp_blocked = false;
  }
  bool first = !member->met();
  table_.heard(now, *member);
  if (member->state() != MemberState::kLeft) {
    if (!heard_member_ || now - *heard_member_ > kAwayAfter) company_since_ = now;
    heard_member_ = now;
  }
  if (first) meet(*member, out);
  if (member->state() != MemberState::kDead) {
    // A member that is not introduced may have asked for a proof and taken nothing else. Then the
    // greeting must still reach it.
    if (member->introduced) greetings_.drop(node);
    return;
  }
  // We heard it, so it is alive for us. Others may regard it as dead. It must learn this and
  // contradict, so it becomes a suspect.
  MemberRecord record = member->record;
  record.state = MemberState::kAlive;
  record.accuser = {};
  NodeId accuser = member->record.accuser.is_zero() ? self_.node : member->record.accuser;
  bool remembered = record.incarnation == 0;
  change(now, *member, record, out);
  if (!remembered) suspect(now, *member, accuser, out);
  greetings_.add(now, node);
}

void Membership::session_closed(const NodeId& node, bool opened) {
  Member* member = table_.find(node);
  if (member == nullptr) return;
  member->sessions_refused = opened ? 0 : std::min(member->sessions_refused + 1, 2);
}

void Membership::proven(base::Instant now, const NodeId& node) {
  Member* member = table_.find(node);
  if (member == nullptr) return;
  member->introduced = false;
  member->told_position.reset();
  bool of_this_epoch = member->record.incarnation >> 16 == peers_.epoch(node);
  if (!of_this_epoch) return;  // its incarnation comes with its first ping or ack
  MemberRecord record = member->record;
  record.start = peers_.start(node);
  std::uint64_t before = member->record.start;
  table_.change(now, *member, record);
  note_rival(*member, before, record.start);
}

void Membership::introduce(base::Instant now, const NodeId& node, const Address& from,
                           Outbox& box) {
  if (has_left()) return;
  Member* member = table_.find(node);
  if (seeds_.waits_for(from, table_)) {
    join(now, {from, node}, box);
  } else if (member != nullptr && !member->introduced && member->state() != MemberState::kLeft) {
    ping(now, *member, from, box, next_token());
  }
}

void Membership::doubted(base::Instant now, const std::array<unsigned char, 8>& prefix) {
  const Member* there = table_.find_prefix(prefix);
  if (has_left() || there == nullptr || there->state() == MemberState::kLeft) return;
  Member* member = table_.find(there->record.node);
  // The next ping then asks for a proof and brings our own record.
  if (member->unanswered == 0) member->unanswered = 1;
  revisit(now, *member);
}

void Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Ping& ping, Outbox& box, Actions& out) {
  greetings_.drop(node);  // its table has our record
  merge_all(now, node, from, ping.news, Source::kNews, out);
  if (Member* there = table_.find(node)) {
    there->said = ping.state;
    own_incarnation(now, *there, from, ping.incarnation, out);
  }
  const Member* member = table_.find(node);
  bool fresh = member == nullptr || !member->introduced;
  bool named = std::any_of(ping.news.begin(), ping.news.end(),
                           [&](const MemberRecord& told) { return told.node == self_.node; });
  wire::Ack ack{ping.token, state_hash_, in_start(), pick_news(node, fresh || named, fresh),
                untold_position(node)};
  box.add({from, node}, ack, may_be_short(node));
  if (ping.table) compare_tables(now, node, *ping.table, box);
}

void Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Ack& ack, Outbox& box, Actions& out) {
  ++stats_.acks_received;
  if (Member* member = table_.find(node)) {
    member->said = ack.state;
    answered(now, *member, ack.token);
  }
  if (probe_.vouched(ack.token)) {
    awareness_.better();
    vouch(now, probe_.target(), out);
  }
  if (auto spoken_for = hearsay_.vouched(ack.token)) vouch(now, *spoken_for, out);
  merge_all(now, node, from, ack.news, Source::kNews, out);
  if (Member* member = table_.find(node)) own_incarnation(now, *member, from, ack.incarnation, out);
  auto asked = indirect_probes_.acked(ack.token, node);
  if (!asked) return;
  // We vouch for the target and add its record. The incarnation in the record answers an old
  // suspicion.
  wire::Ack passed_on{asked->asker_token, state_hash_, in_start(), {}};
  const Member* target = table_.find(node);
  if (target != nullptr && !target->wordless) passed_on.news.push_back(target->view());
  box.add(asked->asker, passed_on, may_be_short(*asked->asker.node));
}

// A member that has another state could not use it. It is told once; if the message is lost, the
// member knows an older one, which does no harm.
std::optional<std::uint64_t> Membership::untold_position(const NodeId& node) {
  Member* member = table_.find(node);
  if (member == nullptr || member->said != state_hash_ || member->told_position == position_) {
    return std::nullopt;
  }
  member->told_position = position_;
  return position_;
}

void Membership::answered(base::Instant now, Member& member, std::uint64_t token) {
  for (SentPing& ping : member.pings) {
    if (ping.token != token || token == 0) continue;
    base::Duration sample = now - ping.at;
    ping.token = 0;
    // The round trip is smoothed as in RFC 6298: each new sample counts one eighth.
    member.rtt = member.rtt ? *member.rtt * 7 / 8 + sample / 8 : sample;
    member.introduced = true;
    greetings_.drop(member.record.node);
    return;
  }
}

void Membership::receive_frame(base::Instant now, const NodeId& node, const wire::Ping& ping,
                               Actions& out) {
  Member* member = table_.find(node);
  if (member == nullptr) return;
  member->said = ping.state;
  Address address = member->record.address;
  greetings_.drop(node);
  merge_all(now, node, address, ping.news, Source::kNews, out);
  wire::Ack ack{ping.token, state_hash_, in_start(), pick_news(node, true, false),
                untold_position(node)};
  out.push_back(SendFrame{node, address, wire::encode(ack)});
}

void Membership::receive_frame(base::Instant now, const NodeId& node, const wire::Ack& ack,
                               Actions& out) {
  ++stats_.acks_received;
  Member* member = table_.find(node);
  if (member == nullptr) return;
  member->said = ack.state;
  Address address = member->record.address;
  merge_all(now, node, address, ack.news, Source::kNews, out);
}

void Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::PingRequest& request, Outbox& box) {
  Target asker{from, node};
  if (request.target == self_.node) {
    box.add(asker, wire::Ack{request.token, state_hash_, in_start(), {self_}}, may_be_short(node));
    return;
  }
  Member* target = table_.find(request.target);
  // We do not ping an address that we do not know, so nobody can make us send datagrams to a
  // stranger. But the asker gets a nack, so it learns that we hear it. Without any nack it would
  // always blame itself for the silence of a member that only it has met.
  if (target == nullptr || target->state() == MemberState::kLeft) {
    return box.add(asker, wire::Nack{request.token}, may_be_short(node));
  }
  std::uint16_t token = next_token();
  if (!indirect_probes_.add(now, token, asker, request.token, request.target)) {
    ++stats_.helps_refused;
    return;
  }
  ping(now, *target, target->record.address, box, token);
}

void Membership::receive(const NodeId& node, const wire::Nack& nack) {
  probe_.nack(nack.token, node);
}

bool Membership::receive(base::Instant now, const NodeId& node, const Address& from,
                         const wire::Join& join, Outbox& box, Actions& out) {
  if (join.self.node != node || join.self.state != MemberState::kAlive) return false;
  merge(now, node, from, join.self, Source::kNews, out);
  if (!join_answers_.grant(now, from)) {
    ++stats_.join_answers_suppressed;
    return true;
  }
  // In a large mesh the answer has only part of the table, from a random place on. The joiner
  // learns the rest from the acks of these members.
  std::size_t others = table_.size();
  NodeId cursor = random_.id<struct base::NodeTag>();
  std::vector<MemberRecord> page = {self_};
  std::size_t bytes = wire::encoded_size(self_);
  std::size_t pages = 0;
  for (std::size_t i = 0; i < others && pages < kJoinPagesMax; ++i) {
    const Member& other = *table_.after(cursor);
    const MemberRecord& record = other.view();
    if (record.node == node || !other.may_be_told()) continue;
    if (bytes + wire::encoded_size(record) > news_room_) {
      box.add({from, node}, wire::Members{std::exchange(page, {})});
      bytes = 0;
      ++pages;
    }
    bytes += wire::encoded_size(record);
    page.push_back(record);
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

// When our table has differed from the table of `node` for long, we ask `node` for its table.
void Membership::compare_tables(base::Instant now, const NodeId& node, std::uint64_t theirs,
                                Outbox& box) {
  if (theirs == table_hash()) {
    tables_differ_.reset();
    return;
  }
  base::Duration grace = options_.profile.ping_interval * kTableGrace;
  if (!tables_differ_) tables_differ_ = now;
  bool lasts = now - *tables_differ_ >= grace && now - table_asked_ >= grace;
  const Member* member = table_.find(node);
  if (!lasts || member == nullptr) return;
  table_asked_ = now;
  join(now, {member->record.address, node}, box);
}

// --- What is told --------------------------------------------------------------------------------

std::vector<MemberRecord> Membership::pick_news(const NodeId& to, bool introduce, bool fill) {
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
  Member* receiver = table_.find(to);
  if (receiver != nullptr && (receiver->elsewhere || receiver->rival_words > 0)) {
    MemberRecord there = receiver->record;
    if (receiver->elsewhere) there.address = *std::exchange(receiver->elsewhere, std::nullopt);
    if (receiver->rival_words > 0) {
      --receiver->rival_words;
      there.start = receiver->rival;
    }
    put(there);
  }
  // A member that is accused, or that speaks although we regard it as left, gets its own record
  // first, so that it can contradict. A member that sees its own record answers with it. So this
  // also asks for a missing name, address and topology.
  bool concerned = receiver != nullptr && (receiver->state() != MemberState::kAlive ||
                                           receiver->disputed || receiver->wordless);
  if (concerned && receiver->record.incarnation != 0) {
    MemberRecord concerning = receiver->record;
    // The record has the new incarnation with the address of a former start. To the receiver that
    // would look like a twin.
    if (receiver->wordless) concerning.address.ip = {};
    put(concerning);
  }
  std::size_t most = news_room_ / kRecordBytesMax;
  for (const NodeId& about : news_.take(most, table_.living().size() + 1)) {
    if (about == self_.node) put(self_);
    // The subject of news gets it too, because only the subject can contradict it.
    const Member* member = table_.find(about);
    if (member != nullptr && member->may_be_told()) put(member->view());
  }
  if (!fill) return records;
  for (std::size_t i = 0; i < std::min(most, table_.size()); ++i) {
    const Member* member = table_.after(fill_cursor_);
    if (member->record.node != to && member->may_be_told()) put(member->view());
  }
  return records;
}

bool Membership::may_be_short(const NodeId& node) const {
  const Member* member = table_.find(node);
  return member != nullptr && member->introduced && peers_.knows(node);
}

// The token is two bytes, because pings are sent all the time. It must only differ from the few
// tokens that wait for an answer.
std::uint16_t Membership::next_token() {
  if (++token_ == 0) ++token_;
  return token_;
}

}  // namespace gossip
