#pragma once

// Received changes that came before what they need (rule 4). They wait in memory, within bounds: a
// newcomer that does not fit is refused, so one whose predecessor never comes can only take its own
// place. Each waits for one missing change at a time and is looked at again when that is applied.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "crdt/change.h"
#include "crdt/version_vector.h"

namespace agent {

struct ParkedLimits {
  std::size_t changes_max = 4'096;
  std::size_t bytes_max = 16u << 20;  // of sealed changes; above: the newcomer is dropped
};

class Parked {
 public:
  using Name = std::pair<base::ActorId, std::uint64_t>;  // (actor, seq)

  explicit Parked(const ParkedLimits& limits) : limits_(limits) {}

  // `opened` does not fit `vector` yet. False: full. One that waits already is kept once.
  bool add(const crdt::VersionVector& vector, crdt::Opened&& opened);
  // After `actor` moved in `vector`: one change that need not wait any longer, because it fits or
  // became seen, until there is none.
  std::optional<crdt::Opened> take(const crdt::VersionVector& vector, const base::ActorId& actor);
  // After much moved at once: the actors whose changes are waited for.
  std::set<base::ActorId> awaited() const;
  std::vector<Name> clear();

  std::size_t size() const { return changes_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  ParkedLimits limits_;
  std::map<Name, crdt::Opened> changes_;
  std::set<std::pair<Name, Name>> waits_;  // (missing, of the change that waits)
  std::size_t bytes_ = 0;
};

}  // namespace agent
