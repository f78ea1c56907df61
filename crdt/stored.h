#pragma once

// What one turn of the data machine has stored, as it tells the protocol. The two know nothing of
// each other, so these facts stand here. Plain values; either thread may hold them.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"
#include "crdt/version_vector.h"

namespace crdt {

// The state of a join, as the replica reports it.
struct JoinStep {
  enum class Kind : std::uint8_t {
    kAsk,    // send `query` to the peer and bring its answer
    kDone,   // merged: `advanced` of this turn has what it brought
    kFailed  // refused, or replaced by another join; this one ends
  } kind = Kind::kAsk;
  base::NodeId peer;
  base::Bytes query;
};

// One turn, after its COMMIT.
struct Stored {
  VersionVector::Entries advanced;  // vector entries that changed
  StateHash state;                  // the hash of the whole committed state
  // The log up to here has exactly the changes of this state that it has at all. Unset: not known.
  std::optional<std::uint64_t> position = {};
  // Rule 3: true if this turn and everything before it is on the medium. Only then does the node
  // claim it.
  bool durable = false;
  std::vector<SealedChange> own;  // own changes of this turn; they are pushed to others
  // Dropped; they are fetched again when a peer claims them.
  std::vector<std::pair<base::ActorId, std::uint64_t>> forgotten;
  // They wait for an earlier change, which their sender has.
  std::vector<std::pair<base::ActorId, std::uint64_t>> parked;
  // The numbers of the deliveries of received changes (gossip::Apply) that this turn finished,
  // whether their changes were kept or not.
  std::vector<std::uint64_t> finished;
  // The entries of closed actors as the replica packs them, so that node and replica share one
  // copy. An actor that is closed stands in it sooner or later. Null: no change.
  VersionVector::Packed packed;
  std::vector<base::ActorId> left;  // actors whose owner no longer uses them, first seen now
  // Their next change has an envelope of a later version, so they are not fetched before an upgrade
  // (rule 12).
  std::vector<base::ActorId> stopped;
  // Actors of which perhaps no peer holds everything, first seen now.
  std::vector<base::ActorId> alone;
  // Confirmations that the replica has stored. A confirmation that is missing here was lost and is
  // sent again.
  std::vector<std::pair<base::ActorId, std::uint64_t>> confirmed;
  std::optional<JoinStep> join;
};

// A page of our state that was read for a peer.
struct SnapshotRead {
  enum class Outcome : std::uint8_t {
    kPage,
    kBusy,   // too many joins are served
    kGone,   // the lease has ended: the asker starts again
    kFailed  // cannot be read here
  };
  std::uint64_t request = 0;
  Outcome outcome = Outcome::kFailed;
  base::Bytes body;  // an encoded SnapshotPage
};

// Actors that their owners no longer use and that every member holds in full (rule 2). From now on
// they are not listed one by one on the wire.
struct CloseActors {
  std::vector<base::ActorId> actors;
};

}  // namespace crdt
