#pragma once

// The messages of the mesh as values, and their msgpack encoding. A datagram holds several, a
// session frame holds one. Decoding checks every size, count and depth before it allocates; unknown
// message types and unknown trailing fields are skipped (rule 12). The formats are in
// docs/protocol.md; each has a golden encoding in tests/.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/change.h"
#include "crdt/digest.h"
#include "gossip/member.h"

namespace gossip::wire {

// What a message may hold at most; a sender with more splits it. Above: refused as a whole.
inline constexpr std::size_t kMessagesPerPacket = 64;
inline constexpr std::size_t kRecordsPerMessage = 10'240;  // on a session
inline constexpr std::size_t kRecordsPerDatagramMessage = 64;
inline constexpr std::size_t kChangesPerMessage = 10'240;
inline constexpr std::size_t kChangesPerDatagramMessage = 256;
inline constexpr std::size_t kEntriesPerMessage = 65'536;
inline constexpr std::size_t kEntriesPerDatagramMessage = 1'024;
inline constexpr std::size_t kQueryBytesMax = 64u << 10;
inline constexpr std::size_t kMessageBytesMax = 25u << 20;
// One cell can be as large as a change, and its page is larger still.
inline constexpr std::size_t kPageBytesMax = kMessageBytesMax - 32;

// "Are you there?" and the answer. Both carry the state hash that reconciliation compares, and
// members. An ack with token 0 answers nothing: it brings news.
struct Ping {
  std::uint64_t token = 0;
  crdt::StateHash state;
  std::uint64_t incarnation = 0;  // of the sender, counted from that of its start
  std::vector<MemberRecord> news;
  std::optional<std::uint64_t> table{};  // hash of the living members, now and then
  bool operator==(const Ping&) const = default;
};
struct Ack {
  std::uint64_t token = 0;
  crdt::StateHash state;
  std::uint64_t incarnation = 0;
  std::vector<MemberRecord> news;
  bool operator==(const Ack&) const = default;
};
// "Ask this member for me": its ack is passed on as an ack of ours with this token, its silence is
// answered by a nack.
struct PingRequest {
  std::uint64_t token = 0;
  NodeId target;
  Address address;
  bool operator==(const PingRequest&) const = default;
};
struct Nack {
  std::uint64_t token = 0;
  bool operator==(const Nack&) const = default;
};
// Freshness of an unknown start: "prove you live by returning this", and the return.
struct Challenge {
  std::uint64_t token = 0;
  bool operator==(const Challenge&) const = default;
};
struct Echo {
  std::uint64_t token = 0;
  bool operator==(const Echo&) const = default;
};
// To a seed; the answer is Members.
struct Join {
  MemberRecord self;
  bool operator==(const Join&) const = default;
};
struct Members {
  std::vector<MemberRecord> records;
  bool operator==(const Members&) const = default;
};
struct Leave {
  MemberRecord self;
  bool operator==(const Leave&) const = default;
};
// Sealed changes, pushed the moment they are committed. The message says how it travels on, so that
// members of different topologies make one mesh.
enum class Passing : std::uint8_t {
  kNone = 0,  // it ends here; also a way of a later version
  kRelay = 1  // everybody to whom it is new passes it on once, to a few
};
struct Push {
  std::vector<base::Bytes> changes;
  Passing passing = Passing::kNone;
  bool operator==(const Push&) const = default;
};
// Reconciliation (sessions only): the claimed vector, as what differs from one that the receiver
// can work out. Who gets it answers with its own unless `answer`.
struct Vector {
  bool answer = false;
  crdt::StateHash state;                  // of the sender; its vector half proves completeness
  std::vector<crdt::Dependency> entries;  // seq 0: none of this actor
  // What `entries` stand above: the vector half of a state in which the receiver once was. 0: of
  // nothing; then closed actors may be left out, of which the receiver takes its own.
  std::uint64_t base = 0;
  bool whole =
      false;  // says nothing but the state; asks for every entry, above nothing and none left out
  bool more = false;  // the rest follows in the next message
  bool operator==(const Vector&) const = default;
};
// "Send what I lack": `have` names the entries of the asker that matter.
struct RangeRequest {
  std::uint64_t request = 0;
  std::vector<crdt::Dependency> have;
  std::uint64_t bytes_max = 0;  // of the answer's changes, if there are several; 0: not said
  bool operator==(const RangeRequest&) const = default;
};
struct Range {
  enum class Outcome : std::uint8_t { kMore = 0, kComplete = 1, kBelowFloor = 2, kBusy = 3 };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kComplete;
  std::vector<base::Bytes> changes;
  bool operator==(const Range&) const = default;
};

// State join (sessions only): one query of the joiner's replica, one page of the other's. Both are
// opaque here; docs/protocol.md has what is inside.
struct SnapshotRequest {
  std::uint64_t request = 0;
  base::Bytes query;
  std::uint64_t bytes_max = 0;  // of the page, about; 0: not said
  bool operator==(const SnapshotRequest&) const = default;
};
struct SnapshotPage {
  enum class Outcome : std::uint8_t { kPage = 0, kBusy = 1, kGone = 2, kFailed = 3 };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kPage;
  base::Bytes body;  // empty unless kPage
  bool operator==(const SnapshotPage&) const = default;
};

using Message = std::variant<Ping, Ack, Challenge, Echo, Join, Members, Leave, Push, Vector,
                             RangeRequest, Range, SnapshotRequest, SnapshotPage, PingRequest, Nack>;

base::Bytes encode(const Message& message);
// An unknown type decodes to std::monostate. A member record in a state or topology that this
// version does not know is left out of its list; it is an error where it is the whole message.
using Decoded = std::variant<std::monostate, Message>;
// Of a session; of a compressed message the one inside.
base::Result<Decoded> decode(base::BytesView bytes);
std::string_view message_name(const Message& message);  // for counters: "ping"

// The plaintext of a datagram: who speaks, in which boot epoch, and messages. A short one leaves
// out sender (zero here) and epoch: who has proven the start knows them.
struct Packet {
  NodeId sender;
  std::uint64_t boot_epoch = 0;
  std::vector<Message> messages;
  bool operator==(const Packet&) const = default;
};
// A zero sender makes a short packet.
base::Bytes encode_packet(const NodeId& sender, std::uint64_t boot_epoch,
                          const std::vector<base::Bytes>& messages);
// Messages of unknown type are left out; one malformed message refuses the packet.
base::Result<Packet> decode_packet(base::BytesView plaintext);

}  // namespace gossip::wire
