#include "crdt/base/check.h"
#include "crdt/codec.h"
#include "gossip/wire/message.h"
#include "gossip/wire/message_type.h"

namespace gossip::wire {
namespace {

using crdt::codec::Writer;

// A message is an array: its type, then its fields.
Writer& begin(Writer& out, MessageType type, std::size_t fields) {
  return out.array(1 + fields).number(static_cast<std::uint64_t>(type));
}

void write(Writer& out, const MemberRecord& record) {
  bool accused = !record.accuser.is_zero();
  bool started = record.start != 0;
  out.array(started   ? 8
            : accused ? 7
                      : 6)
      .binary(record.node.view())
      .text(record.name)
      .binary(record.address.bytes())
      .number(record.incarnation)
      .number(static_cast<std::uint64_t>(record.state))
      .number(static_cast<std::uint64_t>(record.topology));
  if (accused) out.binary(record.accuser.view());
  if (started && !accused) out.nil();
  if (started) out.number(record.start);
}

void write(Writer& out, const std::vector<MemberRecord>& records) {
  out.array(records.size());
  for (const auto& record : records) write(out, record);
}

void write(Writer& out, const std::vector<base::Bytes>& changes) {
  out.array(changes.size());
  for (const auto& change : changes) out.binary(change);
}

void write(Writer& out, const std::vector<crdt::Dependency>& entries) {
  out.array(entries.size());
  for (const auto& entry : entries) {
    out.array(3).binary(entry.actor.view()).number(entry.head.seq).number(entry.head.hash);
  }
}

void write(Writer& out, const crdt::StateHash& state) {
  out.number(state.vector).number(state.cells);
}

template <typename Probe>
void write_probe(Writer& out, MessageType type, const Probe& probe, std::size_t fields) {
  begin(out, type, fields).number(probe.token);
  write(out, probe.state);
  out.number(probe.incarnation);
  write(out, probe.news);
}

void write(Writer& out, const Ping& ping) {
  write_probe(out, MessageType::kPing, ping, ping.position ? 7 : ping.table ? 6 : 5);
  if (ping.table) out.number(*ping.table);
  if (!ping.position) return;
  if (!ping.table) out.nil();
  out.number(*ping.position);
}
void write(Writer& out, const Ack& ack) {
  write_probe(out, MessageType::kAck, ack, ack.position ? 6 : 5);
  if (ack.position) out.number(*ack.position);
}
void write(Writer& out, const Challenge& challenge) {
  begin(out, MessageType::kChallenge, 1).number(challenge.token);
}
void write(Writer& out, const ChallengeAnswer& answer) {
  begin(out, MessageType::kChallengeAnswer, 1).number(answer.token);
}
void write(Writer& out, const Join& join) {
  begin(out, MessageType::kJoin, 1);
  write(out, join.self);
}
void write(Writer& out, const Members& members) {
  begin(out, MessageType::kMembers, 1);
  write(out, members.records);
}
void write(Writer& out, const Leave& leave) {
  begin(out, MessageType::kLeave, 1);
  write(out, leave.self);
}
void write(Writer& out, const Push& push) {
  bool passed_on = push.passing != Passing::kNone;
  begin(out, MessageType::kPush, passed_on ? 2 : 1);
  write(out, push.changes);
  if (passed_on) out.number(static_cast<std::uint64_t>(push.passing));
}
void write(Writer& out, const Vector& vector) {
  begin(out, MessageType::kVector, 7).boolean(vector.answer);
  write(out, vector.state);
  write(out, vector.entries);
  out.number(vector.base).boolean(vector.whole).boolean(vector.more);
}
void write(Writer& out, const RangeRequest& request) {
  begin(out, MessageType::kRangeRequest, 3).number(request.request);
  write(out, request.have);
  out.number(request.bytes_max);
}
void write(Writer& out, const Range& range) {
  begin(out, MessageType::kRange, 3)
      .number(range.request)
      .number(static_cast<std::uint64_t>(range.outcome));
  write(out, range.changes);
}
void write(Writer& out, const SnapshotRequest& request) {
  begin(out, MessageType::kSnapshotRequest, 3)
      .number(request.request)
      .binary(request.query)
      .number(request.bytes_max);
}
void write(Writer& out, const SnapshotAnswer& page) {
  begin(out, MessageType::kSnapshotAnswer, 3)
      .number(page.request)
      .number(static_cast<std::uint64_t>(page.outcome))
      .binary(page.body);
}

void write(Writer& out, const PingRequest& request) {
  begin(out, MessageType::kPingRequest, 3)
      .number(request.token)
      .binary(request.target.view())
      .binary(request.address.bytes());
}
void write(Writer& out, const Nack& nack) { begin(out, MessageType::kNack, 1).number(nack.token); }
void write(Writer& out, const Presence& presence) {
  write_fields(begin(out, MessageType::kPresence, kPresenceFields), presence);
}

void write(Writer& out, const HolderQuestion& question) {
  begin(out, MessageType::kHolderQuestion, 1).binary(question.actor.view());
}
void write(Writer& out, const HolderAnswer& answer) {
  begin(out, MessageType::kHolderAnswer, 2).binary(answer.actor.view()).number(answer.seq);
}

std::string_view name_of(const Ping&) { return "ping"; }
std::string_view name_of(const Ack&) { return "ack"; }
std::string_view name_of(const Challenge&) { return "challenge"; }
std::string_view name_of(const ChallengeAnswer&) { return "challenge_answer"; }
std::string_view name_of(const Join&) { return "join"; }
std::string_view name_of(const Members&) { return "members"; }
std::string_view name_of(const Leave&) { return "leave"; }
std::string_view name_of(const Push&) { return "push"; }
std::string_view name_of(const Vector&) { return "vector"; }
std::string_view name_of(const RangeRequest&) { return "range_request"; }
std::string_view name_of(const Range&) { return "range"; }
std::string_view name_of(const SnapshotRequest&) { return "snapshot_request"; }
std::string_view name_of(const SnapshotAnswer&) { return "snapshot_answer"; }
std::string_view name_of(const PingRequest&) { return "ping_request"; }
std::string_view name_of(const Nack&) { return "nack"; }
std::string_view name_of(const Presence&) { return "presence"; }
std::string_view name_of(const HolderQuestion&) { return "holder_question"; }
std::string_view name_of(const HolderAnswer&) { return "holder_answer"; }

}  // namespace

base::Bytes encode(const Message& message) {
  Writer out;
  std::visit([&out](const auto& value) { write(out, value); }, message);
  return out.take();
}

std::string_view message_name(const Message& message) {
  return std::visit([](const auto& value) { return name_of(value); }, message);
}

base::Bytes encode_packet(const NodeId& sender, std::uint64_t boot_epoch,
                          const std::vector<base::Bytes>& messages) {
  CHECK(messages.size() <= kMessagesPerPacket);
  Writer head;
  head.array(2 + messages.size());
  if (sender.is_zero()) {
    head.nil().nil();
  } else {
    head.binary(sender.view()).number(boot_epoch);
  }
  base::Bytes out = head.take();
  // Each message is one msgpack object already, so it goes into the array as it is.
  for (const auto& message : messages) out += message;
  return out;
}

}  // namespace gossip::wire
