#pragma once

// Actions: what a Node says should happen. Facts: what its driver reports. The driver does the
// actions and reports the facts; it decides nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"
#include "crdt/stored.h"
#include "gossip/address.h"
#include "gossip/member.h"

namespace gossip {

// --- Actions -------------------------------------------------------------------------------------

struct SendDatagram {
  Address to;
  base::Bytes bytes;  // sealed
};
// Sends a message over a session with `to`. If there is none, a session to `address` is opened. A
// full queue drops the message; the exchange that sent it times out and tries again.
struct SendFrame {
  NodeId to;
  Address address;
  base::Bytes message;  // plaintext; the session seals it
};
// Gives changes to the replica, decoded and checked, in the sender's order. stored() answers, with
// `number` in Stored::finished.
struct Apply {
  std::uint64_t number = 0;  // from 1 up; each is used once in the life of the node
  NodeId from;
  std::vector<crdt::Opened> changes;
};
// Reads a range of the log for a peer. fetched() answers with the same request number.
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
  MemberRecord member;  // its state says how it went: dead or left
};
// A peer holds the changes of `actor` up to `seq` on its medium. Sent only for actors of which
// perhaps no peer holds everything (Claims::alone).
struct Confirmed {
  base::ActorId actor;
  std::uint64_t seq = 0;
  crdt::HeadHash hash = 0;  // of the peer's change `seq`, where the peer named it; else 0
};
// Rules 6 and 7: the log of `peer` does not reach back to us, so we want its whole state. The
// replica answers each step with Stored::join.
struct StartStateJoin {
  NodeId peer;
};
// The answer of `from` to the last query of the state join. The node does not read it.
struct StateJoinPage {
  NodeId from;
  base::Bytes body;
};
// The peer is gone or does not answer: staged pages may go.
struct StopStateJoin {
  NodeId peer;
};
// A peer asks for a page of our state. snapshot_read() answers with the same request number.
struct ReadSnapshot {
  std::uint64_t request = 0;
  NodeId peer;
  base::Bytes query;            // opaque here
  std::uint64_t bytes_max = 0;  // about the size of the page; 0: we choose
};
using crdt::CloseActors;
// kDivergence: equal vectors with unequal digests (rule 8).
// kEcho: a peer shows our own actor above our number or with another hash (rule 2).
// kTwin: another running agent has our node id, or a later start of ours than this one exists. So
// we are a copy, or we were restored from a backup (rule 2). Raised at most once an hour.
struct Alarm {
  enum class Kind : std::uint8_t { kDivergence, kEcho, kTwin } kind = Kind::kDivergence;
  NodeId peer;
  base::ActorId actor;  // only for kEcho
  crdt::Head head;
};

// A twin was heard so soon after another one that we do not act on it. Until `until` this agent
// keeps its node id; Node::has_twin() tells whether the twin is still heard.
struct TwinHeard {
  NodeId peer;
  base::Instant until;
};

// The answer to Node::ask_holders: the other members that are known to hold the change on their
// medium. They may be fewer than were wanted.
struct HeldBy {
  std::uint64_t ticket = 0;
  std::vector<NodeId> nodes;
};

// What the replica holds on its medium when the node starts.
struct Holdings {
  crdt::VersionVector claimed;
  crdt::StateHash state;
  std::vector<base::ActorId> left;  // their owners no longer use them (rule 2)
  std::vector<base::ActorId>
      closed;  // closed actors; those that `claimed` has packed may be left out
  std::vector<base::ActorId> alone;            // perhaps no peer holds all of them (rule 7)
  std::optional<std::uint64_t> position = {};  // Stored::position of this state
};

using Action = std::variant<SendDatagram, SendFrame, Apply, Fetch, StartStateJoin, StateJoinPage,
                            StopStateJoin, ReadSnapshot, CloseActors, MemberUp, MemberDown,
                            Confirmed, Alarm, TwinHeard, HeldBy>;
using Actions = std::vector<Action>;

// --- Wishes --------------------------------------------------------------------------------------

// A client waits until `wanted` other members hold the change `seq` of `actor` on their medium, or
// until `until`.
struct HolderWish {
  std::uint64_t ticket = 0;  // HeldBy has the same
  base::ActorId actor;
  std::uint64_t seq = 0;
  std::size_t wanted = 0;
  base::Instant until;
};

// --- Facts ---------------------------------------------------------------------------------------

using crdt::JoinStep;
using crdt::SnapshotRead;
using crdt::Stored;

struct Fetched {
  enum class Outcome : std::uint8_t { kMore, kComplete, kBelowFloor, kFailed };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kFailed;
  std::vector<base::Bytes> changes;  // sealed, in the order of application
};

}  // namespace gossip
