#pragma once

// What this node holds, and what it may say that it holds. `committed` is all that the replica has
// committed and serves to leave out what we have; `claimed` and `state` move together, only when
// the replica reports everything so far as durable (rule 3), and are all that is ever told to a
// peer. Every move of the claim is a version; a bounded journal can work out an earlier one, so
// that peers tell each other only what differs. Also knows our own actors: their echo from
// elsewhere (rule 2), and what peers confirmed; and which actors their owners have left behind.

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "crdt/base/time.h"
#include "gossip/actions.h"

namespace gossip {

inline constexpr std::size_t kMovesKept = 2'048;  // entries and versions each; above: the oldest go

class Claims {
 public:
  explicit Claims(const Holdings& held);

  void own_actor(const base::ActorId& actor);
  void stored(base::Instant now, const Stored& facts);

  const crdt::VersionVector& committed() const { return committed_; }
  const crdt::VersionVector& claimed() const { return claimed_; }
  crdt::StateHash state() const { return state_; }
  base::Instant moved() const { return moved_; }      // when the claim last did
  std::uint64_t changes() const { return changes_; }  // that the claim covers, of all actors

  using Version = std::uint64_t;
  Version version() const { return version_; }
  // The last version with this vector half, while the journal reaches back to it.
  std::optional<Version> version_of(std::uint64_t vector_half) const;
  // The entries that moved after `version`, as they were then; {0, 0}: not there.
  crdt::VersionVector::Entries before(Version version) const;

  // Somebody shows one of our actors above us, or with another content under our number.
  bool is_echo(const base::ActorId& actor, const crdt::Head& head) const;
  // A peer says that it holds `actor` up to `seq`: reported when that is news about an actor of
  // which no peer may hold everything. Until the replica has taken it, it is reported again.
  void confirm(const base::ActorId& actor, std::uint64_t seq, Actions& out);
  void confirm_all(Actions& out);  // a peer's state equals ours
  // Those actors, with how far the replica knows that some peer holds them.
  const std::map<base::ActorId, std::uint64_t>& alone() const { return alone_; }

  // The next change of the actor has an envelope of a later version: not to be fetched (rule 12).
  bool is_stopped(const base::ActorId& actor) const { return stopped_.contains(actor); }
  // Left behind and not closed, with the first version that has all we hold of them.
  const std::map<base::ActorId, Version>& left() const { return left_; }
  const std::set<base::ActorId>& closed() const { return closed_; }
  void close(const base::ActorId& actor);
  void open(const base::ActorId& actor);  // somebody shows more of it

 private:
  void claim();
  void note_confirmed(const Stored& facts);

  crdt::VersionVector committed_;
  crdt::VersionVector claimed_;
  crdt::VersionVector::Entries unclaimed_;  // committed, not yet durable
  crdt::StateHash state_;
  base::Instant moved_{INT64_MIN / 2};
  std::uint64_t changes_ = 0;
  std::set<base::ActorId> own_;
  std::map<base::ActorId, std::uint64_t> alone_;
  std::map<base::ActorId, std::uint64_t> reported_;  // since the last turn of the replica
  std::set<base::ActorId> stopped_;
  std::map<base::ActorId, Version> left_;
  std::set<base::ActorId> closed_;

  struct Move {
    Version version = 0;
    base::ActorId actor;
    crdt::Head before;
  };
  Version version_ = 0;
  std::deque<Move> moves_;
  std::deque<std::pair<Version, std::uint64_t>> halves_;  // never empty; the last is the present
  std::map<std::uint64_t, Version> versions_;             // of halves_
};

}  // namespace gossip
