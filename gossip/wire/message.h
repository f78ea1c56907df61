#pragma once

// The messages of the mesh as values, and their msgpack encoding. A datagram holds several
// messages, a session frame holds one. Decoding checks every size, count and depth before it
// allocates. Unknown message types and unknown trailing fields are skipped (rule 12). The formats
// are in docs/protocol.md; each has a golden encoding in tests/.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/change.h"
#include "crdt/digest.h"
#include "gossip/member.h"
#include "gossip/wire/presence.h"

namespace gossip::wire {

// The most that a message may hold. A sender with more splits it. A message with more is refused as
// a whole.
inline constexpr std::size_t kMessagesPerPacket = 64;
inline constexpr std::size_t kRecordsPerMessage = 10'240;  // on a session
inline constexpr std::size_t kRecordsPerDatagramMessage = 64;
inline constexpr std::size_t kChangesPerMessage = 10'240;
inline constexpr std::size_t kChangesPerDatagramMessage = 256;
inline constexpr std::size_t kEntriesPerMessage = 65'536;
inline constexpr std::size_t kEntriesPerDatagramMessage = 1'024;
inline constexpr std::size_t kQueryBytesMax = 64u << 10;
inline constexpr std::size_t kMessageBytesMax = 25u << 20;
// One cell can be as large as a change. A page with this cell is still larger.
inline constexpr std::size_t kPageBytesMax = kMessageBytesMax - 32;

// A ping and its answer. Both carry the state hash that reconciliation compares, and news of
// members. An ack with token 0 answers no ping; it brings news.
struct Ping {
  std::uint64_t token = 0;
  crdt::StateHash state;
  std::uint64_t incarnation = 0;  // of the sender, counted from its first one in this start
  std::vector<MemberRecord> news;
  std::optional<std::uint64_t> table{};  // sometimes: the hash of the table of living members
  // Sometimes: how far the sender's log reaches at `state`. Clients know it as cursors.
  std::optional<std::uint64_t> position{};
  bool operator==(const Ping&) const = default;
};
struct Ack {
  std::uint64_t token = 0;
  crdt::StateHash state;
  std::uint64_t incarnation = 0;
  std::vector<MemberRecord> news;
  std::optional<std::uint64_t> position{};
  bool operator==(const Ack&) const = default;
};
// Asks the receiver to ping a member for the sender. The receiver passes the member's ack on with
// this token; if the member is silent, it sends a nack.
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
// An unknown start must prove that it is live: it gets a Challenge and returns its token in a
// ChallengeAnswer.
struct Challenge {
  std::uint64_t token = 0;
  bool operator==(const Challenge&) const = default;
};
struct ChallengeAnswer {
  std::uint64_t token = 0;
  bool operator==(const ChallengeAnswer&) const = default;
};
// Sent to a seed. The answer is Members.
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
// Sealed changes, pushed as soon as they are committed. The message says how it is passed on, so
// members with different topologies work in one mesh.
enum class Passing : std::uint8_t {
  kNone = 0,  // not passed on; also a value of a later version
  kRelay = 1  // each member to which it is new relays it once, to a few
};
struct Push {
  std::vector<base::Bytes> changes;
  Passing passing = Passing::kNone;
  bool operator==(const Push&) const = default;
};
// Reconciliation (sessions only): the claimed version vector, as the difference from a vector that
// the receiver can work out. The receiver sends its own vector back, unless `answer` is set.
struct Vector {
  bool answer = false;
  crdt::StateHash state;                  // of the sender; its vector half proves completeness
  std::vector<crdt::Dependency> entries;  // seq 0: the sender has nothing of this actor
  // The base of `entries`: the vector half of a state that the receiver once had. 0: no base. Then
  // closed actors may be left out; for these the receiver's own entries hold.
  std::uint64_t base = 0;
  // Holds only the state, and asks for all entries without a base.
  bool whole = false;
  bool more = false;  // the rest follows in the next message
  bool operator==(const Vector&) const = default;
};
// Asks for the changes that the sender lacks. `have` has the sender's entries of the actors in
// question.
struct RangeRequest {
  std::uint64_t request = 0;
  std::vector<crdt::Dependency> have;
  std::uint64_t bytes_max = 0;  // of the answer's changes, if there are several; 0: no limit
  bool operator==(const RangeRequest&) const = default;
};
struct Range {
  enum class Outcome : std::uint8_t { kMore = 0, kComplete = 1, kBelowFloor = 2, kBusy = 3 };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kComplete;
  std::vector<base::Bytes> changes;
  bool operator==(const Range&) const = default;
};

// State join (sessions only): one query of the joiner's replica and one page of the other replica.
// Both are opaque here; docs/protocol.md describes their content.
struct SnapshotRequest {
  std::uint64_t request = 0;
  base::Bytes query;
  std::uint64_t bytes_max = 0;  // about the size of the page; 0: no limit
  bool operator==(const SnapshotRequest&) const = default;
};
struct SnapshotAnswer {
  enum class Outcome : std::uint8_t { kPage = 0, kBusy = 1, kGone = 2, kFailed = 3 };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kPage;
  base::Bytes body;  // empty unless kPage
  bool operator==(const SnapshotAnswer&) const = default;
};

// Asks up to which number the receiver holds the changes of `actor` on its medium.
struct HolderQuestion {
  crdt::ActorId actor;
  bool operator==(const HolderQuestion&) const = default;
};
struct HolderAnswer {
  crdt::ActorId actor;
  std::uint64_t seq = 0;  // 0: none
  bool operator==(const HolderAnswer&) const = default;
};

using Message = std::variant<Ping, Ack, Challenge, ChallengeAnswer, Join, Members, Leave, Push,
                             Vector, RangeRequest, Range, SnapshotRequest, SnapshotAnswer,
                             PingRequest, Nack, Presence, HolderQuestion, HolderAnswer>;

base::Bytes encode(const Message& message);
// An unknown type decodes to std::monostate. A member record with a state or topology that this
// version does not know is left out of its list. If that record is the whole message, it is an
// error.
using Decoded = std::variant<std::monostate, Message>;
// Decodes a message of a session. For a compressed message it returns the message inside.
base::Result<Decoded> decode(base::BytesView bytes);
std::string_view message_name(const Message& message);  // for counters: "ping"

// The plaintext of a datagram: its sender, the sender's boot epoch, and messages. A short packet
// leaves out sender (zero here) and epoch; the receiver knows them from the proven start.
struct Packet {
  NodeId sender;
  std::uint64_t boot_epoch = 0;
  std::vector<Message> messages;
  bool operator==(const Packet&) const = default;
};
// A zero sender makes a short packet.
base::Bytes encode_packet(const NodeId& sender, std::uint64_t boot_epoch,
                          const std::vector<base::Bytes>& messages);
// Messages of unknown type are left out. One malformed message makes the packet refused.
base::Result<Packet> decode_packet(base::BytesView plaintext);

}  // namespace gossip::wire
