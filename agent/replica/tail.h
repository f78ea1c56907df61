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
  // The effects with every dot that they name under its new name. Stamps and bodies are unchanged.
  std::vector<crdt::Effect> apply(std::vector<crdt::Effect> effects) const;

 private:
  using Name = std::pair<base::ActorId, std::uint64_t>;
  crdt::DotRuns renamed(const crdt::DotRuns& kills) const;
  std::map<Name, Name> names_;
};

// Whether peers hold this change after all: it stands unchanged in our log, or one of its cells is
// in force.
base::Result<bool> is_held(store::Store& store, const crdt::Opened& opened);

}  // namespace agent
