#pragma once

// The inputs and outputs of a turn of the replica, as plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/replica/join_report.h"
#include "crdt/base/result.h"
#include "crdt/change.h"
#include "crdt/digest.h"
#include "crdt/stored.h"
#include "crdt/types/op.h"
#include "crdt/value.h"
#include "crdt/version_vector.h"
#include "store/texts.h"

namespace agent {

// --- Writes: one request is one change, or several in a row (planner.h) --------------------------

// Metadata is what the parser of the body made of it (crdt::parse_object): each field once, in any
// order, with its name and the minified text of its value. The replica does not parse it again.

// The name that a client gives to a request (Idempotency-Key), and what it asks. A second request
// with this name is answered like the first and not done; with another content it is an error.
struct RequestName {
  crdt::RequestHash key;
  crdt::RequestHash content;
};
// The operations of a request with a name of which a retry is told the outcomes and dots. With more
// of them it is told the dot of the request only.
inline constexpr std::size_t kNamedOpsMax = 256;

// Operations on one object of any type, as one unit: all or nothing.
struct WriteObject {
  std::string object;
  std::vector<crdt::Op> ops;
  std::optional<RequestName> name = {};
};
struct ImportEntries {  // adds entries of a catalog; one that equals what is shown is not written
  struct Line {
    std::string id;
    crdt::Members metadata;
  };
  std::string object;
  std::vector<Line> entries;
};
using WriteRequest = std::variant<WriteObject, ImportEntries>;

// `ticket` names the client that waits; the reply has the same ticket.
struct Write {
  std::uint64_t ticket = 0;
  WriteRequest request;
};
struct Received {
  base::NodeId from;
  std::vector<crdt::Opened> changes;
  std::size_t bytes = 0;
  std::uint64_t number = 0;  // of the gossip::Apply; Stored::finished returns it
};
struct ConfirmOwn {  // a peer holds our changes of `actor` up to `seq`
  base::ActorId actor;
  std::uint64_t seq = 0;
  crdt::HeadHash hash = 0;  // of the change `seq` that the peer holds; 0: not known
};
// --- State join (rule 6), closing (rule 2), repair (rules 2 and 8)

// Fetches the whole state of `peer` and merges it. Stored::join answers each step. `unite` (rule
// 8): both sides are sound, so no cell is dropped. Only one runs at a time; another StartJoin
// replaces it.
struct StartJoin {
  base::NodeId peer;
  bool unite = false;
};
struct JoinAnswer {  // the answer of the peer to our last query
  base::NodeId peer;
  base::Bytes body;
};
struct StopJoin {
  base::NodeId peer;
};
struct SnapshotQuery {  // a peer asks for a page of our state; answered by Outputs::pages
  std::uint64_t request = 0;
  base::NodeId peer;
  base::Bytes query;
  std::uint64_t bytes_max = 0;  // of the page, about; 0: the bound of SnapshotLimits
};
using crdt::CloseActors;
struct EchoSeen {  // a peer shows our own actor with a higher number or another content
  base::NodeId peer;
  base::ActorId actor;
  crdt::Head head;
};
struct TwinSeen {  // another agent has our node id, or our database was put back
  base::NodeId peer;
};
struct DivergenceSeen {  // equal vectors, unequal digests
  base::NodeId peer;
};
struct DamageSeen {  // a reader met a damaged row
  std::string what;
};
// After a database was set aside: our state equals that of `peer`. No peer: no member has been
// known for as long as the driver waits, so the agent goes on alone with the held changes.
struct Synchronised {
  std::optional<base::NodeId> peer;
};
// --- Maintenance: what a client asks of its own agent; each has one MaintenanceReply

// Sets how texts are folded, for this and later runs. What is absent stays. Answered by
// CompactionSettings.
struct SetCompaction {
  std::optional<bool> automatic;       // fold texts that wait when they have not been edited lately
  std::optional<std::uint32_t> every;  // fold in the commit with so many changes; 1 to
                                       // store::kFoldChangesMax
};
// One bounded step of folding the texts of an object, or of all objects. Answered by Compacted,
// which says where the next step begins. It has a transaction of its own after that of the turn, so
// an error in it fails no write.
struct Compact {
  std::optional<std::string> object;
  std::optional<store::Texts::FoldPlace> from;  // absent: from the first text
};
// The next page of an export: the pages of one snapshot in the order in which an import takes them.
// Answered by StatePage. Only one export runs at a time.
struct ExportState {
  std::uint64_t snapshot = 0;  // of the first page's answer; 0: begins
  bool stop = false;           // ends the export: its client is gone
};
// A state join whose pages come from a client's file. Each step is answered by Imported. Nothing is
// merged before kEnd. Only one import runs at a time; a state join from a peer takes its place.
struct ImportState {
  enum class Step : std::uint8_t { kBegin, kPage, kEnd, kStop } step = Step::kBegin;
  std::uint64_t import = 0;  // of the answer to kBegin
  base::Bytes page;          // for kPage
  crdt::StateHash state;     // for kEnd: the state that the file says that it has
  std::string why;           // for kStop: what was wrong, for the log
};
struct Maintain {
  std::uint64_t ticket = 0;
  std::variant<SetCompaction, Compact, ExportState, ImportState> what;
};
using Input = std::variant<Write, Received, ConfirmOwn, StartJoin, JoinAnswer, StopJoin,
                           SnapshotQuery, CloseActors, EchoSeen, TwinSeen, DivergenceSeen,
                           DamageSeen, Synchronised, Maintain>;

// --- Outputs -------------------------------------------------------------------------------------

using crdt::JoinStep;
using crdt::SnapshotRead;
using crdt::Stored;

// What became of an operation of a WriteObject.
struct OpDone {
  crdt::Outcome outcome = crdt::Outcome::kWritten;
  // The index of its first effect's first dot in the change of Written::dot. Not set for an
  // operation that has none, and for a catalog. Of an insert: of its first element.
  std::optional<std::uint32_t> first = {};
};
struct Written {
  // Of the first effect of a WriteObject, if something changed; kSubtree: it only removes. Not set
  // for a catalog.
  std::optional<crdt::SlotType> type;
  std::optional<crdt::Dot> dot;  // of the first effect; empty when nothing had to change
  std::uint64_t added = 0;       // entries that an import added
  std::uint64_t unchanged = 0;
  std::vector<OpDone> ops = {};  // of a WriteObject, one for each operation, in their order

  std::uint64_t count(crdt::Outcome outcome) const {
    std::uint64_t count = 0;
    for (const OpDone& op : ops) count += op.outcome == outcome ? 1 : 0;
    return count;
  }
};
struct Reply {
  std::uint64_t ticket = 0;
  base::Result<Written> result;
};

struct CompactionSettings {
  bool automatic = true;
  std::uint32_t every = 0;
};
struct Compacted {
  struct Object {
    std::string object;
    std::uint64_t changes = 0;  // folded
    std::int64_t freed = 0;     // bytes; below 0 if the blocks grew by more than the edits took
  };
  std::vector<Object> objects;  // in order of their names, those in which something was folded
  std::optional<store::Texts::FoldPlace> next;  // absent: nothing is left
};
struct StatePage {
  std::uint64_t snapshot = 0;
  crdt::StateHash state;
  base::Bytes body;  // a crdt::SnapshotPage; empty after ExportState::stop
  bool more = false;
};
struct Imported {
  std::uint64_t import = 0;
  JoinCounts counts;  // of kEnd: what the merge did
};
using Maintained = std::variant<CompactionSettings, Compacted, StatePage, Imported>;
struct MaintenanceReply {
  MaintenanceReply(std::uint64_t of, base::Result<Maintained> done)
      : ticket(of), result(std::move(done)) {}
  MaintenanceReply(std::uint64_t of, base::Error error) : ticket(of), result(std::move(error)) {}
  std::uint64_t ticket = 0;
  base::Result<Maintained> result;
};
template <typename Done>
MaintenanceReply reply_of(std::uint64_t ticket, base::Result<Done> done) {
  if (!done.ok()) return {ticket, done.error()};
  return {ticket, Maintained(std::move(*done))};
}

// What watchers get, in the order in which changes are applied (events.h).
struct Event {
  std::int64_t position = 0;  // position of the change in the log
  std::string object;
  std::vector<std::string> path;
  crdt::SlotType type = crdt::SlotType::kMap;  // kSubtree: of all types that were there
  std::string_view op;                         // "put", "remove", "count", "insert" or "erase"
  std::string value;                           // JSON; "null" when removed
  // A "remove" of a register that stays as a value with a stamp: older values stay hidden.
  bool absent = false;
  base::ActorId actor;
  std::uint64_t seq = 0;
  crdt::HybridTime time;
  std::string node;  // hex of the writer's node id, empty when not known
  // Of an insert: its first element, and the shown element before it when the event is made
  // (nullopt: it is at the start). Of an erase: the elements that it names.
  std::optional<crdt::Dot> element;
  std::optional<crdt::Dot> after;
  crdt::DotRuns erased;
};

// What the changes of others did to one object in a turn.
struct Merge {
  std::string object;
  std::uint64_t changes = 0;
  std::uint64_t conflicts = 0;  // registers that show several values at once after a change
  std::int64_t lag_nanos = 0;   // from the last author's clock to ours; 0 if its clock is ahead
};

// What people should know; the driver logs and counts it.
struct Notice {
  enum class Kind : std::uint8_t {
    kActorMinted,  // `text`: why
    kClockAhead,   // a change from the future: applied, its time not taken over (rule 9)
    kClockRestarted,
    kPrevMismatch,     // a fork: two contents under one number, refused and kept as proof (rule 2)
    kEcho,             // a peer has more of our own actor: we leave the actor
    kUnknownEnvelope,  // the vector of this actor stops here until an upgrade (rule 12)
    kDropped,          // predecessor or dependency missing: forgotten, fetched again
    kActorsMany,       // more open actors of our own than the bound
    kCorruptRow,
    kRowsDropped,  // damaged rows that no shown value needs; `text`: which, and the effect
    kDiskFull,
    kDiskFault,
    kRecovered,    // writes are taken again; `text`: why
    kJoinRefused,  // the vector shows an echo or a fork, or a page was wrong
    kDivergence,   // rule 8; `text`: the result of checking our own rows
    kTwin,         // another agent has our node id: the next open takes a new one
    kSetAside,     // the next open sets the state aside, or this one did; `text`: why
    kOwnLost,      // a write of our own could not be sealed again after kSetAside; `text`: why
    kRebuilt,      // after kSetAside: the state is complete again, writes are taken
  } kind;
  base::ActorId actor;
  std::uint64_t seq = 0;
  std::string text;
};

}  // namespace agent
