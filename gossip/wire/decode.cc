#include <optional>

#include "crdt/codec.h"
#include "gossip/wire/compression.h"
#include "gossip/wire/message.h"
#include "gossip/wire/message_type.h"

namespace gossip::wire {
namespace {

using crdt::codec::Limits;
using crdt::codec::Reader;

struct Bounds {
  std::size_t records;
  std::size_t changes;
  std::size_t entries;
  bool compressed;  // whether a compressed message is allowed
};
constexpr Bounds kOnSession{kRecordsPerMessage, kChangesPerMessage, kEntriesPerMessage, true};
constexpr Bounds kInCompressed{kRecordsPerMessage, kChangesPerMessage, kEntriesPerMessage, false};
constexpr Bounds kInDatagram{kRecordsPerDatagramMessage, kChangesPerDatagramMessage,
                             kEntriesPerDatagramMessage, false};

constexpr std::size_t kDepthMax = 12;
// The longest list of entries, four tokens each, with room for fields of later versions.
constexpr Limits kSessionLimits{kMessageBytesMax, kDepthMax, 400'000};
constexpr Limits kPacketLimits{65'535, kDepthMax, 16'384};

// An array with at least `known` items. leave() skips the items that a later version added.
class Fields {
 public:
  Fields(Reader& in, std::size_t known) : in_(in) {
    std::size_t count = in.array();
    if (count < known) in.fail();
    if (in.ok()) extra_ = count - known;
  }
  // True if there is one more field that this version knows.
  bool optional() {
    if (!in_.ok() || extra_ == 0) return false;
    --extra_;
    return true;
  }
  void leave() {
    if (in_.ok()) in_.skip(extra_);
  }

 private:
  Reader& in_;
  std::size_t extra_ = 0;
};

crdt::StateHash read_state(Reader& in) {
  crdt::StateHash state;
  state.vector = in.number();
  state.cells = in.number();
  return state;
}

// nullopt without a failure: the record has a state or topology of a later version.
std::optional<MemberRecord> read_record(Reader& in) {
  Fields fields(in, 6);
  MemberRecord record;
  record.node = in.id<NodeId>();
  record.name = in.text(kNameMax);
  if (!is_member_name(record.name)) in.fail();
  auto address = Address::from(in.binary(18));
  if (!address) in.fail();
  record.address = address.value_or(Address{});
  record.incarnation = in.number();
  auto state = in.number();
  auto topology = in.number();
  if (fields.optional() && !in.take_nil()) record.accuser = in.id<NodeId>();
  if (fields.optional() && !in.take_nil()) record.start = in.number();
  fields.leave();
  bool known = state >= static_cast<std::uint64_t>(MemberState::kAlive) &&
               state <= static_cast<std::uint64_t>(MemberState::kLeft) &&
               topology >= static_cast<std::uint64_t>(Topology::kDirect) &&
               topology <= static_cast<std::uint64_t>(Topology::kTree);
  if (!in.ok() || !known) return std::nullopt;
  record.state = static_cast<MemberState>(state);
  record.topology = static_cast<Topology>(topology);
  return record;
}

MemberRecord read_one_record(Reader& in) {
  auto record = read_record(in);
  if (!record) in.fail();
  return record.value_or(MemberRecord{});
}

std::vector<MemberRecord> read_records(Reader& in, std::size_t at_most) {
  std::vector<MemberRecord> records;
  std::size_t count = in.array(at_most);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    if (auto record = read_record(in)) records.push_back(*std::move(record));
  }
  return records;
}

std::vector<base::Bytes> read_changes(Reader& in, std::size_t at_most) {
  std::vector<base::Bytes> changes;
  std::size_t count = in.array(at_most);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    changes.emplace_back(in.binary(crdt::kChangeBytesMax));
  }
  return changes;
}

std::vector<crdt::Dependency> read_entries(Reader& in, std::size_t at_most) {
  std::vector<crdt::Dependency> entries;
  std::size_t count = in.array(at_most);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    Fields fields(in, 3);
    crdt::Dependency entry;
    entry.actor = in.id<crdt::ActorId>();
    entry.head.seq = in.number();
    entry.head.hash = in.number();
    fields.leave();
    entries.push_back(entry);
  }
  return entries;
}

// `more`: the number of fields after the changes.
Push read_push(Reader& in, const Bounds& bounds, std::size_t& more) {
  Push push;
  push.changes = read_changes(in, bounds.changes);
  if (more == 0) return push;
  --more;
  bool relay = in.number() == static_cast<std::uint64_t>(Passing::kRelay);
  push.passing = relay ? Passing::kRelay : Passing::kNone;
  return push;
}

template <typename Probe>
Probe read_probe(Reader& in, const Bounds& bounds) {
  Probe probe;
  probe.token = in.number();
  probe.state = read_state(in);
  probe.incarnation = in.number();
  probe.news = read_records(in, bounds.records);
  return probe;
}

Ping read_ping(Reader& in, const Bounds& bounds, std::size_t& more) {
  Ping ping = read_probe<Ping>(in, bounds);
  if (more == 0) return ping;
  --more;
  if (!in.take_nil()) ping.table = in.number();
  if (more == 0) return ping;
  --more;
  if (!in.take_nil()) ping.position = in.number();
  return ping;
}

Ack read_ack(Reader& in, const Bounds& bounds, std::size_t& more) {
  Ack ack = read_probe<Ack>(in, bounds);
  if (more == 0) return ack;
  --more;
  if (!in.take_nil()) ack.position = in.number();
  return ack;
}

PingRequest read_ping_request(Reader& in) {
  PingRequest request;
  request.token = in.number();
  request.target = in.id<NodeId>();
  auto address = Address::from(in.binary(18));
  if (!address) in.fail();
  request.address = address.value_or(Address{});
  return request;
}

Vector read_vector(Reader& in, const Bounds& bounds) {
  Vector vector;
  vector.answer = in.boolean();
  vector.state = read_state(in);
  vector.entries = read_entries(in, bounds.entries);
  vector.base = in.number();
  vector.whole = in.boolean();
  vector.more = in.boolean();
  return vector;
}

// 0 if the sender's version does not have this field. `more`: the fields that are left.
std::uint64_t read_added_number(Reader& in, std::size_t& more) {
  if (more == 0) return 0;
  --more;
  return in.number();
}

RangeRequest read_range_request(Reader& in, const Bounds& bounds, std::size_t& more) {
  RangeRequest request;
  request.request = in.number();
  request.have = read_entries(in, bounds.entries);
  request.bytes_max = read_added_number(in, more);
  return request;
}

Range read_range(Reader& in, const Bounds& bounds) {
  Range range;
  range.request = in.number();
  range.outcome =
      static_cast<Range::Outcome>(in.number(static_cast<std::uint64_t>(Range::Outcome::kBusy)));
  range.changes = read_changes(in, bounds.changes);
  return range;
}

SnapshotRequest read_snapshot_request(Reader& in, std::size_t& more) {
  SnapshotRequest request;
  request.request = in.number();
  request.query = in.binary(kQueryBytesMax);
  request.bytes_max = read_added_number(in, more);
  return request;
}

SnapshotAnswer read_snapshot_page(Reader& in) {
  SnapshotAnswer page;
  page.request = in.number();
  page.outcome = static_cast<SnapshotAnswer::Outcome>(
      in.number(static_cast<std::uint64_t>(SnapshotAnswer::Outcome::kFailed)));
  page.body = in.binary(kPageBytesMax);
  return page;
}

HolderAnswer read_holder_answer(Reader& in) {
  HolderAnswer answer;
  answer.actor = in.id<crdt::ActorId>();
  answer.seq = in.number();
  return answer;
}

// The number of fields besides the type. 0: this version does not know the type.
std::size_t field_count(std::uint64_t number) {
  switch (static_cast<MessageType>(number)) {
    case MessageType::kChallenge:
    case MessageType::kChallengeAnswer:
    case MessageType::kJoin:
    case MessageType::kMembers:
    case MessageType::kLeave:
    case MessageType::kPush:
    case MessageType::kNack:
    case MessageType::kHolderQuestion:
      return 1;
    case MessageType::kPing:
    case MessageType::kAck:
      return 5;
    case MessageType::kVector:
      return 7;
    case MessageType::kRange:
    case MessageType::kSnapshotAnswer:
    case MessageType::kPingRequest:
      return 3;
    case MessageType::kRangeRequest:
    case MessageType::kSnapshotRequest:
    case MessageType::kCompressed:
    case MessageType::kHolderAnswer:
      return 2;
    case MessageType::kPresence:
      return kPresenceFields;
  }
  return 0;
}

// `type` is known. `more`: the number of fields beyond those that every version has; reading one
// reduces it.
Message read_fields(Reader& in, MessageType type, const Bounds& bounds, std::size_t& more) {
  switch (type) {
    case MessageType::kPing:
      return read_ping(in, bounds, more);
    case MessageType::kAck:
      return read_ack(in, bounds, more);
    case MessageType::kChallenge:
      return Challenge{in.number()};
    case MessageType::kChallengeAnswer:
      return ChallengeAnswer{in.number()};
    case MessageType::kJoin:
      return Join{read_one_record(in)};
    case MessageType::kMembers:
      return Members{read_records(in, bounds.records)};
    case MessageType::kLeave:
      return Leave{read_one_record(in)};
    case MessageType::kPush:
      return read_push(in, bounds, more);
    case MessageType::kVector:
      return read_vector(in, bounds);
    case MessageType::kRangeRequest:
      return read_range_request(in, bounds, more);
    case MessageType::kRange:
      return read_range(in, bounds);
    case MessageType::kSnapshotRequest:
      return read_snapshot_request(in, more);
    case MessageType::kSnapshotAnswer:
      return read_snapshot_page(in);
    case MessageType::kPingRequest:
      return read_ping_request(in);
    case MessageType::kNack:
      return Nack{in.number()};
    case MessageType::kPresence:
      return read_presence(in);
    case MessageType::kHolderQuestion:
      return HolderQuestion{in.id<crdt::ActorId>()};
    case MessageType::kHolderAnswer:
      return read_holder_answer(in);
    case MessageType::kCompressed:
      break;  // read_message takes it
  }
  in.fail();
  return Challenge{};
}

base::Result<Decoded> decode(base::BytesView bytes, const Bounds& bounds);

// Returns the message inside. `size` is checked before anything is allocated for it.
Decoded read_compressed(Reader& in, const Bounds& bounds) {
  std::size_t size = in.number(kMessageBytesMax);
  base::BytesView frame = in.binary();
  if (!bounds.compressed) in.fail();
  if (!in.ok()) return std::monostate{};
  if (auto message = decompress(frame, size)) {
    if (auto inside = decode(*message, kInCompressed)) return *std::move(inside);
  }
  in.fail();
  return std::monostate{};
}

// The result is valid only if `in` is still ok() afterwards.
Decoded read_message(Reader& in, const Bounds& bounds) {
  std::size_t count = in.array();
  if (count == 0) in.fail();
  std::uint64_t number = in.number();
  if (!in.ok()) return std::monostate{};
  // Checked before the cast: the type is one byte.
  std::size_t fields = number <= UINT8_MAX ? field_count(number) : 0;
  if (fields == 0) {
    in.skip(count - 1);
    return std::monostate{};
  }
  auto type = static_cast<MessageType>(number);
  std::size_t known = 1 + fields;
  if (count < known) in.fail();
  if (!in.ok()) return std::monostate{};
  std::size_t more = count - known;
  Decoded message = type == MessageType::kCompressed ? read_compressed(in, bounds)
                                                     : read_fields(in, type, bounds, more);
  if (in.ok()) in.skip(more);
  return message;
}

base::Result<Decoded> decode(base::BytesView bytes, const Bounds& bounds) {
  ASSIGN_OR_RETURN(auto in, Reader::parse(bytes, kSessionLimits));
  Decoded message = read_message(in, bounds);
  if (!in.ok() || !in.at_end()) {
    return base::invalid("decode a message of " + std::to_string(bytes.size()) +
                         " bytes: malformed or above a bound");
  }
  return message;
}

}  // namespace

base::Result<Decoded> decode(base::BytesView bytes) { return decode(bytes, kOnSession); }

base::Result<Packet> decode_packet(base::BytesView plaintext) {
  ASSIGN_OR_RETURN(auto in, Reader::parse(plaintext, kPacketLimits));
  Packet packet;
  std::size_t count = in.array(2 + kMessagesPerPacket);
  if (count < 2) in.fail();
  if (!in.take_nil()) {
    packet.sender = in.id<NodeId>();
    if (packet.sender.is_zero()) in.fail();
    packet.boot_epoch = in.number();
  } else if (!in.take_nil()) {
    in.fail();
  }
  for (std::size_t i = 2; i < count && in.ok(); ++i) {
    Decoded message = read_message(in, kInDatagram);
    if (!in.ok()) break;
    if (auto* known = std::get_if<Message>(&message)) packet.messages.push_back(std::move(*known));
  }
  if (!in.ok() || !in.at_end()) {
    return base::invalid("decode a packet of " + std::to_string(plaintext.size()) +
                         " bytes: malformed or above a bound");
  }
  return packet;
}

}  // namespace gossip::wire
