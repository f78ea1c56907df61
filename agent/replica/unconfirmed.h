#pragma once

// Actors of this node, present and former, of which maybe no peer holds all changes, whatever node
// id we had when they were written. Their unconfirmed changes are pruned last (rule 7). The
// database keeps which actors they are; how far each is confirmed is known in memory only.

#include <vector>

#include "agent/replica/requests.h"
#include "store/store.h"

namespace agent {

class Unconfirmed {
 public:
  // Reads the actors from the database; each counts as confirmed up to the floor of its log.
  void load(store::Actors& actors);
  void add(store::Actors& actors, const base::ActorId& actor, Stored& facts);
  bool contains(const base::ActorId& actor) const { return confirmed_.contains(actor); }
  // A peer holds `confirmed.seq` of an actor of ours, with our content. A former actor that a peer
  // holds whole is forgotten. `own`: the actor of this run, which never is.
  void confirm(store::Actors& actors, const ConfirmOwn& confirmed, const base::ActorId& own,
               Stored& facts);
  const store::ChangeLog::Confirmed& confirmed() const { return confirmed_; }
  std::vector<base::ActorId> names() const;

 private:
  store::ChangeLog::Confirmed confirmed_;  // the last number that some peer is known to hold
};

}  // namespace agent
