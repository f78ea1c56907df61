#pragma once

// Actors of this node of which perhaps no peer holds all changes: the present actor and former
// ones, also those that wrote under a former node id. Their unconfirmed changes are pruned last
// (rule 7). The database stores which actors these are. How far each of them is confirmed is kept
// in memory only.

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
  // A peer holds the changes of one of our actors up to `confirmed.seq`, with our content. When a
  // peer holds all changes of a former actor, the actor is forgotten here. `own` is the actor of
  // this run; it is never forgotten.
  void confirm(store::Actors& actors, const ConfirmOwn& confirmed, const base::ActorId& own,
               Stored& facts);
  const store::ChangeLog::Confirmed& confirmed() const { return confirmed_; }
  std::vector<base::ActorId> names() const;

 private:
  store::ChangeLog::Confirmed confirmed_;  // the last number that some peer is known to hold
};

}  // namespace agent
