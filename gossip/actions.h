#pragma once

// What a Node says should happen, and the facts a driver tells it. The driver does the first and
// reports the second; it decides nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"
#include "gossip/address.h"
#include "gossip/member.h"

namespace gossip {

// --- Actions -------------------------------------------------------------------------------------

struct SendDatagram {
  Address to;
  base::Bytes bytes;  // sealed
};
// Over a session with `to`, opened at `address` if there is none. A full queue drops it; the
// exchange that wanted it times out and is tried again.
struct SendFrame {
  NodeId to;
  Address address;
  base::Bytes message;  // plaintext; the session seals it
};
// Hand these to the replica; answered by stored(). Decoded and checked, in the sender's order.
struct Apply {
  NodeId from;
  std::vector<crdt::Opened> changes;
};
// Read a range of the log for a peer; answered by fetched() with the same request number.
struct Fetch {
  std::uint64_t request = 0;
  NodeId peer;
  crdt::VersionVector have;
  std::size_t changes_max = 0;
  std::size_t bytes_max = 0;
};
struct MemberUp {
  MemberRecord member;
};
struct MemberDown {
  MemberRecord member;  // state says how: dead or left
};
// A peer holds our own changes of `actor` up to `seq` on its medium.
struct Confirmed {
  base::ActorId actor;
  std::uint64_t seq = 0;
};
// Rules 6 and 7: the log of `peer` does not reach back to us. Its whole state is wanted: the
// replica answers each step with Stored::join.
struct Join {
  NodeId peer;
};
// The answer of `from` to the last query of the join; opaque here.
struct JoinPage {
  NodeId from;
  base::Bytes body;
};
struct JoinEnded {  // the peer is gone or answers no more: what was staged may go
  NodeId peer;
};
// A peer asks for a page of our state; answered by snapshot_read() with the same request number.
struct ReadSnapshot {
  std::uint64_t request = 0;
  NodeId peer;
  base::Bytes query;            // opaque here
  std::uint64_t bytes_max = 0;  // of the page, about; 0: as we like
};
// Left behind by their owners and held in full by every member (rule 2): from now on not on the
// wire by themselves.
struct CloseActors {
  std::vector<base::ActorId> actors;
};
// Equal vectors with unequal digests (rule 8); our own actor in somebody's vector above ours or
// with another hash (rule 2); another running agent under our own node id, or a later start of ours
// than this one: we are a copy, or were put back (rule 2). The last is raised once an hour at most.
struct Alarm {
  enum class Kind : std::uint8_t { kDivergence, kEcho, kTwin } kind = Kind::kDivergence;
  NodeId peer;
  base::ActorId actor;  // of kEcho
  crdt::Head head;
};

// The first word of a twin that came too soon after another one to be believed: `until` then this
// agent keeps its node id, and Node::has_twin() says how it is.
struct TwinHeard {
  NodeId peer;
  base::Instant until;
};

// What the replica holds on its medium when the node starts.
struct Holdings {
  crdt::VersionVector claimed;
  crdt::StateHash state;
  std::vector<base::ActorId> left;    // left behind by their owners (rule 2)
  std::vector<base::ActorId> closed;  // and closed
  std::vector<base::ActorId> alone;   // of which no peer may hold everything (rule 7)
};

using Action =
    std::variant<SendDatagram, SendFrame, Apply, Fetch, Join, JoinPage, JoinEnded, ReadSnapshot,
                 CloseActors, MemberUp, MemberDown, Confirmed, Alarm, TwinHeard>;
using Actions = std::vector<Action>;

// --- Facts ---------------------------------------------------------------------------------------

// Where a join stands, by the replica.
struct JoinStep {
  enum class Kind : std::uint8_t {
    kAsk,    // send `query` to the peer, bring its answer
    kDone,   // merged: `advanced` of this turn has what came
    kFailed  // refused, or superseded; the exchange ends
  } kind = Kind::kAsk;
  NodeId peer;
  base::Bytes query;
};

// One turn of the replica, after its COMMIT.
struct Stored {
  crdt::VersionVector::Entries advanced;  // vector entries that moved
  crdt::StateHash state;                  // of the whole committed state
  // Rule 3: whether this and everything before is on the medium. Only then does the node claim it.
  bool durable = false;
  std::vector<crdt::SealedChange> own;  // sealed here in this turn: to be told to others
  std::vector<std::pair<base::ActorId, std::uint64_t>>
      forgotten;  // did not fit; fetch again when claimed
  std::vector<std::pair<base::ActorId, std::uint64_t>>
      parked;                          // came too early and wait: who sent them has more
  std::size_t bytes_done = 0;          // of Apply actions that this turn finished, kept or not
  std::vector<base::ActorId> left;     // actors whose owner has left them behind, first seen now
  std::vector<base::ActorId> stopped;  // their next change has an envelope of a later version: no
                                       // use in fetching them before an upgrade (rule 12)
  std::vector<base::ActorId> alone;    // of which no peer may hold everything, first seen now
  // Confirmations that the replica has taken. One that is not here was lost, and is said again.
  std::vector<std::pair<base::ActorId, std::uint64_t>> confirmed;
  std::optional<JoinStep> join;
};

struct Fetched {
  enum class Outcome : std::uint8_t { kMore, kComplete, kBelowFloor, kFailed };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kFailed;
  std::vector<base::Bytes> changes;  // sealed, in the order of application
};

struct SnapshotRead {
  enum class Outcome : std::uint8_t {
    kPage,
    kBusy,   // too many joins are served
    kGone,   // the lease has ended: the asker starts anew
    kFailed  // cannot be read here
  };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kFailed;
  base::Bytes body;  // opaque here
};

}  // namespace gossip
