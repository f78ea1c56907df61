#pragma once

// What goes into a turn of the replica and what comes out, as values.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/change.h"
#include "crdt/digest.h"
#include "crdt/value.h"
#include "crdt/version_vector.h"

namespace agent {

// --- Writes: one request is one change, or several in a row (planner.h)
// ------------------------------------------------------------

struct AddEntry {  // whole object, and renews the presence
  std::string object;
  std::string id;
  std::string metadata;  // a JSON object, minified
};
struct PutEntry {  // whole object, presence untouched
  std::string object;
  std::string id;
  std::string metadata;
};
struct PatchEntry {  // these fields set, those unset
  std::string object;
  std::string id;
  crdt::Members set;
  std::vector<std::string> unset;
};
struct RemoveEntry {
  std::string object;
  std::string id;
};
struct RemoveObject {  // every entry this agent has seen of it
  std::string object;
};
struct ImportEntries {  // adds; one equal to what is shown writes nothing
  std::string object;
  std::vector<std::pair<std::string, std::string>> entries;  // id, metadata (minified)
};
// What one request does to one entry, after its steps are folded into one.
struct EntryWrite {
  enum class Whole : std::uint8_t {
    kKeep,    // only `fields` and `unset`
    kAdd,     // AddEntry with `fields` as metadata
    kRemove,  // all that is seen, then `fields` set: kept, and shown after an add
  };
  std::string id;
  Whole whole = Whole::kKeep;
  crdt::Members fields;
  std::vector<std::string> unset;
};
// Several entries in one change, all or nothing.
struct WriteEntries {
  std::string object;
  std::vector<EntryWrite> entries;  // each id once
  bool replace = false;             // entries that are not named are removed
};
using WriteRequest = std::variant<AddEntry, PutEntry, PatchEntry, RemoveEntry, RemoveObject,
                                  ImportEntries, WriteEntries>;

// `ticket` names the waiting client; the reply carries it back.
struct Write {
  std::uint64_t ticket = 0;
  WriteRequest request;
};
struct Received {
  base::NodeId from;
  std::vector<crdt::Opened> changes;
  std::size_t bytes = 0;
};
struct ConfirmOwn {  // a peer holds our changes of `actor` up to `seq`
  base::ActorId actor;
  std::uint64_t seq = 0;
};
// --- State join (rule 6), closing (rule 2), repair (rules 2 and 8)

// Fetch the whole state of `peer` and merge it: each step is answered by Facts::join. `unite`:
// rule 8, both sides are sound: nothing is dropped. One at a time; another start replaces it.
struct StartJoin {
  base::NodeId peer;
  bool unite = false;
};
struct JoinAnswer {  // of the peer to our last query
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
  std::uint64_t bytes_max = 0;  // of the page, about; 0: as SnapshotLimits has it
};
struct CloseActors {
  std::vector<base::ActorId> actors;
};
struct EchoSeen {  // our own actor elsewhere, at a number above ours or with another content
  base::NodeId peer;
  base::ActorId actor;
  crdt::Head head;
};
struct TwinSeen {  // another agent runs under our node id, or we were put back to an earlier start
  base::NodeId peer;
};
struct DivergenceSeen {  // equal vectors, unequal digests
  base::NodeId peer;
};
struct DamageSeen {  // a reader met a bad row
  std::string what;
};
// After a database was set aside: our state equals that of `peer`. Without one: no member has been
// known for as long as the driver waits, go on alone with what was held.
struct Synchronised {
  std::optional<base::NodeId> peer;
};
using Input =
    std::variant<Write, Received, ConfirmOwn, StartJoin, JoinAnswer, StopJoin, SnapshotQuery,
                 CloseActors, EchoSeen, TwinSeen, DivergenceSeen, DamageSeen, Synchronised>;

// --- Outputs
// --------------------------------------------------------------------------------------

struct Written {
  std::optional<crdt::Dot> dot;  // the first effect; absent when nothing had to change
  std::uint64_t added = 0;       // of an import
  std::uint64_t unchanged = 0;
};
struct Reply {
  std::uint64_t ticket = 0;
  base::Result<Written> result;
};

// What watchers hear: one an entry and change, in the order of application.
struct Event {
  std::int64_t position = 0;  // of the change in the log
  std::string object;
  std::vector<std::string> path;
  crdt::SlotType type = crdt::SlotType::kMap;
  std::string_view op;  // "put" or "remove"
  std::string value;    // JSON then shown; "null" when removed
  base::ActorId actor;
  std::uint64_t seq = 0;
  crdt::HybridTime time;
  std::string node;  // hex of the writer's node id, empty when not known
};

struct JoinStep {
  enum class Kind : std::uint8_t { kAsk, kDone, kFailed } kind = Kind::kAsk;
  base::NodeId peer;
  base::Bytes query;  // of kAsk
};

struct SnapshotPage {
  enum class Outcome : std::uint8_t { kPage, kBusy, kGone, kFailed };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kFailed;
  base::Bytes body;
};

// Facts that somebody should hear of; the driver words and counts them.
struct Notice {
  enum class Kind : std::uint8_t {
    kActorMinted,  // `text`: why
    kClockAhead,   // a change from the future: applied, its time not merged (rule 9)
    kClockRestarted,
    kPrevMismatch,     // two contents under one number: refused, kept as proof (rule 2)
    kEcho,             // our own actor is ahead elsewhere: left behind
    kUnknownEnvelope,  // the vector of this actor stops here until an upgrade (rule 12)
    kDropped,          // did not fit (predecessor or deps missing): forgotten, fetched again
    kActorsMany,       // more live own actors than the bound
    kCorruptRow,
    kRowsDropped,  // bad rows that nothing shown depends on; `text`: which, and what that costs
    kDiskFull,
    kDiskFault,
    kRecovered,    // writes are taken again; `text`: after what
    kJoined,       // a state join was merged; `text`: cells added and dropped
    kJoinRefused,  // a join showed an echo or two contents for one number
    kDivergence,   // rule 8; `text`: what the check of our own rows gave
    kTwin,         // another agent has our node id: this one takes a new one at the next open
    kSetAside,     // the state is set aside at the next open, or was at this one; `text`: why
    kRebuilt,      // after that: the state is complete again, writes are taken
  } kind;
  base::ActorId actor;
  std::uint64_t seq = 0;
  std::string text;
};

}  // namespace agent
