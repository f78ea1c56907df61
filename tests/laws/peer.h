#pragma once

// A small replica in memory: cells by slot, a vector, a digest, a clock and the causal gate.
// Planning, sealing, opening and applying are the code under test.

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "crdt/catalog/entry.h"
#include "crdt/digest.h"

namespace crdt::laws {

inline constexpr std::string_view kObject = "snapshots";

using CellMap = std::map<Slot, Cells>;  // no slot without cells

class Peer {
 public:
  explicit Peer(ActorId actor, HybridClock clock = HybridClock({}, {}))
      : actor_(actor), clock_(clock) {}

  using Plan = std::function<std::vector<Effect>(HybridTime time)>;
  struct Written {
    base::Bytes sealed;
    Change change;
    std::vector<std::size_t> effects;  // of each plan
  };
  // Runs the plans in one transaction; each plan sees the effects of those before it. nullopt when
  // no plan has an effect.
  std::optional<Written> write(const base::Now& now, const std::vector<Plan>& plans);

  enum class Offer { kApplied, kSeen, kNotYet };
  Offer offer(const base::Now& now, base::BytesView sealed);

  // Writes under another actor from now on, as after a restart.
  void mint(ActorId actor) { actor_ = actor; }
  const ActorId& actor() const { return actor_; }
  HybridTime latest() const { return clock_.latest(); }

  Entry entry(const std::string& id) const;
  const CellMap& cells() const { return cells_; }
  const Digest& digest() const { return digest_; }
  Digest digest_from_cells() const;
  const VersionVector& vector() const { return vector_; }

 private:
  void apply(const Effect& effect, const Dot& dot);
  std::vector<Dependency> moved_since_last_seal() const;

  ActorId actor_;
  HybridClock clock_;
  CellMap cells_;
  Digest digest_;
  VersionVector vector_;
  VersionVector before_last_seal_;
};

}  // namespace crdt::laws
