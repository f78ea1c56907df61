#pragma once

// What this node holds, and what it may say that it holds. `committed` is all that the replica has
// committed and serves to leave out what we have; `claimed` and `state` move together, only when
// the replica reports everything so far as durable (rule 3), and are all that is ever told to a
// peer. Also knows our own actors: their echo from elsewhere (rule 2), and what peers confirmed.

#include <map>
#include <set>

#include "crdt/base/time.h"
#include "gossip/actions.h"

namespace gossip {

class Claims {
 public:
  Claims(const crdt::VersionVector& claimed, crdt::StateHash state)
      : committed_(claimed), claimed_(claimed), state_(state) {}

  void own_actor(const base::ActorId& actor) { own_.insert(actor); }
  void stored(base::Instant now, const Stored& facts);

  const crdt::VersionVector& committed() const { return committed_; }
  const crdt::VersionVector& claimed() const { return claimed_; }
  crdt::StateHash state() const { return state_; }
  base::Instant moved() const { return moved_; }  // when the claim last did

  // Somebody shows one of our actors above us, or with another content under our number.
  bool is_echo(const base::ActorId& actor, const crdt::Head& head) const;
  // A peer says that it holds `actor` up to `seq`; reported when that is news about our own.
  void confirm(const base::ActorId& actor, std::uint64_t seq, Actions& out);
  void confirm_all(Actions& out);  // a peer's state equals ours

 private:
  crdt::VersionVector committed_;
  crdt::VersionVector claimed_;
  crdt::VersionVector::Entries unclaimed_;  // committed, not yet durable
  crdt::StateHash state_;
  base::Instant moved_{INT64_MIN / 2};
  std::set<base::ActorId> own_;
  std::map<base::ActorId, std::uint64_t> confirmed_;
};

}  // namespace gossip
