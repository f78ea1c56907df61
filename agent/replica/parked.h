#pragma once

// Received changes that came before a change that they need (rule 4). They wait in memory within
// bounds. When there is no room, the new change is refused; so a change whose predecessor never
// comes takes only its own place. Each parked change waits for one missing change at a time and is
// checked again when that one is applied.

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
  std::size_t bytes_max = 16u << 20;  // of sealed changes; above: the new change is dropped
};

class Parked {
 public:
  using Name = std::pair<base::ActorId, std::uint64_t>;  // (actor, seq)

  explicit Parked(const ParkedLimits& limits) : limits_(limits) {}

  // `opened` does not fit `vector` yet. False: there is no room. A change that waits already is
  // kept once.
  bool add(const crdt::VersionVector& vector, crdt::Opened&& opened);
  // Call it after `actor` moved in `vector`, until it returns nullopt. Returns one change that need
  // not wait any longer, because it fits now or has been applied in the meantime.
  std::optional<crdt::Opened> take(const crdt::VersionVector& vector, const base::ActorId& actor);
  // The actors whose changes are waited for. For the case that many actors moved at once.
  std::set<base::ActorId> awaited() const;
  std::vector<Name> clear();

  std::size_t size() const { return changes_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  ParkedLimits limits_;
  std::map<Name, crdt::Opened> changes_;
  std::set<std::pair<Name, Name>> waits_;  // (missing change, waiting change)
  std::size_t bytes_ = 0;
};

}  // namespace agent
