#pragma once

// The tail: own changes that no peer can take as they are, because peers hold other contents under
// the same numbers (rule 2). They are sealed again under a new actor.

#include <map>
#include <utility>

#include "crdt/change.h"
#include "store/store.h"

namespace agent {

// Whether `actor` belongs to the node of this database: its present actor, or one that it has left.
bool is_of_this_node(const store::Store& store, const base::ActorId& actor);

// The new numbers of changes that were sealed again.
class Renaming {
 public:
  void add(const base::ActorId& former, std::uint64_t former_seq, const base::ActorId& actor,
           std::uint64_t seq) {
    names_[{former, former_seq}] = {actor, seq};
  }
  void forget(const base::ActorId& former, std::uint64_t former_seq) {
    names_.erase({former, former_seq});
  }
  // The effects with every dot that they name under its new name. Stamps and bodies are unchanged.
  std::vector<crdt::Effect> apply(std::vector<crdt::Effect> effects) const;

 private:
  using Name = std::pair<base::ActorId, std::uint64_t>;
  crdt::DotRuns renamed(const crdt::DotRuns& kills) const;
  std::map<Name, Name> names_;
};

// The effects without the dots of changes that we do not hold, which no agent could apply before it
// has those (gate.h): the former database had them, and no peer that we know has. They are no
// longer removed, and what stood behind one stands at the beginning. `next` is a dot of the change
// that gets the effects.
std::vector<crdt::Effect> without_unseen(std::vector<crdt::Effect> effects,
                                         const crdt::VersionVector& vector, const crdt::Dot& next);

// Whether peers hold this change after all: it stands unchanged in our log, or one of its cells is
// in force.
base::Result<bool> is_held(store::Store& store, const crdt::Opened& opened);

}  // namespace agent
