#pragma once

// What this node holds, and what it may claim to hold. `committed` is everything that the replica
// has committed; we use it to leave out what we have. `claimed` and `state` are all that peers are
// ever told. They move together, and only when the replica reports that everything so far is
// durable (rule 3). Every move of the claim makes a version. A bounded journal can work out an
// earlier version, so that peers send each other only what differs. Claims also knows our own
// actors (to see an echo, rule 2), what peers confirmed of them, and the actors that their owners
// no longer use. Entries of closed actors never change; the vectors share one packed copy of them
// with the replica (crdt::PackedVector).

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "crdt/base/time.h"
#include "gossip/actions.h"

namespace gossip {

inline constexpr std::size_t kMovesKept = 2'048;  // entries and versions each; then the oldest go

class Claims {
 public:
  explicit Claims(const Holdings& held);

  void own_actor(const base::ActorId& actor);
  void stored(base::Instant now, const Stored& facts);

  const crdt::VersionVector& committed() const { return committed_; }
  const crdt::VersionVector& claimed() const { return claimed_; }
  crdt::StateHash state() const { return state_; }
  std::optional<std::uint64_t> position() const { return kept_.back().position; }  // of the claim
  base::Instant moved() const { return moved_; }      // when the claim last moved
  std::uint64_t changes() const { return changes_; }  // that the claim covers, over all actors

  using Version = std::uint64_t;
  Version version() const { return version_; }
  // The last version that had this vector half; none if the journal does not reach back to it.
  std::optional<Version> version_of(std::uint64_t vector_half) const;
  // How far our log reached at this version. Unset: not known.
  std::optional<std::uint64_t> position_of(Version version) const;
  // The entries that moved after `version`, with their heads at `version`. {0, 0}: the actor was
  // not there. Example: version 4 had (a,5), the claim now has (a,7): before(4) has a with (a,5).
  crdt::VersionVector::Entries before(Version version) const;

  // True if `head` is above what we have of our own actor, or has another hash under our number.
  // Example: we have (a,5) of our own actor a, and a peer shows (a,6).
  bool is_echo(const base::ActorId& actor, const crdt::Head& head) const;
  // A peer says that it holds `actor` up to `seq`. Reports this if it is news about an actor of
  // which perhaps no peer holds everything. It is reported again until the replica has taken it.
  void confirm(const base::ActorId& actor, const crdt::Head& theirs, Actions& out);
  void confirm_all(Actions& out);  // a peer's state hash equals ours
  // These actors, each with the highest number that the replica knows to be held by a peer.
  const std::map<base::ActorId, std::uint64_t>& alone() const { return alone_; }

  // The next change of the actor has an envelope of a later version. It is not fetched (rule 12).
  bool is_stopped(const base::ActorId& actor) const { return stopped_.contains(actor); }
  // Actors that their owners no longer use and that are not closed, each with the first version
  // that has all we hold of it.
  const std::map<base::ActorId, Version>& left() const { return left_; }
  bool is_closed(const base::ActorId& actor) const;
  // Closed actors that a peer has shown more of: they are left, and packed as if they were closed.
  const std::set<base::ActorId>& opened() const { return opened_; }
  void close(const base::ActorId& actor);
  void open(const base::ActorId& actor);  // a peer shows more of it

 private:
  void claim(std::optional<std::uint64_t> position);
  void take_packed(const Stored& facts);
  bool is_packed(const base::ActorId& actor) const;
  void note_confirmed(const Stored& facts);

  crdt::VersionVector committed_;
  crdt::VersionVector claimed_;
  crdt::VersionVector::Entries unclaimed_;  // committed, not yet durable
  crdt::StateHash state_;
  base::Instant moved_{INT64_MIN / 2};
  std::uint64_t changes_ = 0;
  std::set<base::ActorId> own_;
  std::map<base::ActorId, std::uint64_t> alone_;
  std::map<base::ActorId, std::uint64_t> reported_;  // reported since the last turn of the replica
  std::set<base::ActorId> stopped_;
  std::map<base::ActorId, Version> left_;
  // Closed actors that the replica has not packed yet. All packed actors are closed, except those
  // in opened_.
  std::set<base::ActorId> closed_;
  std::set<base::ActorId> opened_;

  struct Move {
    Version version = 0;
    base::ActorId actor;
    crdt::Head before;
  };
  Version version_ = 0;
  std::deque<Move> moves_;
  struct Kept {
    Version version = 0;
    std::uint64_t vector_half = 0;
    std::optional<std::uint64_t> position;
  };
  std::deque<Kept> kept_;  // versions; never empty; the last one is the present version
  std::map<std::uint64_t, Version> versions_;  // the index of kept_, by vector half
};

}  // namespace gossip
