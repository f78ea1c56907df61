#pragma once

// What a Node says should happen, and the facts a driver tells it. The driver does the first and
// reports the second; it decides nothing.

#include <cstdint>
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
// Equal vectors with unequal digests (rule 8), or our own actor in somebody's vector above ours or
// with another hash (rule 2).
struct Alarm {
  enum class Kind : std::uint8_t { kDivergence, kEcho } kind = Kind::kDivergence;
  NodeId peer;
  base::ActorId actor;  // of kEcho
  std::uint64_t seq = 0;
};

using Action =
    std::variant<SendDatagram, SendFrame, Apply, Fetch, MemberUp, MemberDown, Confirmed, Alarm>;
using Actions = std::vector<Action>;

// --- Facts ---------------------------------------------------------------------------------------

// One turn of the replica, after its COMMIT.
struct Stored {
  crdt::VersionVector::Entries advanced;  // vector entries that moved
  crdt::StateHash state;                  // of the whole committed state
  // Rule 3: whether this and everything before is on the medium. Only then does the node claim it.
  bool durable = false;
  std::vector<crdt::SealedChange> own;  // sealed here in this turn: to be told to others
  std::vector<std::pair<base::ActorId, std::uint64_t>>
      forgotten;               // did not fit; fetch again when claimed
  std::size_t bytes_done = 0;  // of Apply actions that this turn finished, kept or not
};

struct Fetched {
  enum class Outcome : std::uint8_t { kMore, kComplete, kBelowFloor, kFailed };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kFailed;
  std::vector<base::Bytes> changes;  // sealed, in the order of application
};

}  // namespace gossip
