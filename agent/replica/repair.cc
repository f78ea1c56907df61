// Rules 8 and 13: damaged rows, and the check of our own rows when a peer's digest differs.

#include <algorithm>
#include <utility>

#include "agent/replica/impl.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

// A whole pass takes half a day when the store is idle a quarter of it, whatever its size, within
// these bounds of one slice a second.
constexpr std::size_t kSliceRowsMin = 64;
constexpr std::size_t kSliceRowsMax = 4'096;
constexpr std::size_t kSliceBytesMax = 4u << 20;
constexpr std::size_t kSlicesOfAPass = 12 * 3'600 / 4;
constexpr std::size_t kDamageToldMax = 100;  // bad rows; above: no notice

}  // namespace

// Both sides of a divergence do this. Whoever finds its own rows wrong gives them up; where both
// are sound, neither may delete anything for the other's sake. It may come while a state is fetched
// that was set aside: with a vector equal to the peer's nothing more would be fetched.
base::Status Replica::Impl::on_divergence(Turn& turn, const DivergenceSeen& seen,
                                          const base::Status& check) {
  if (store->meta().repair.sets_aside()) return {};
  const std::string peer = "with " + seen.peer.hex() + ": ";
  const std::string found = check.ok() ? "our rows are sound" : check.error().message;
  turn.out.notices.push_back({Notice::Kind::kDivergence, {}, 0, peer + found});
  if (!check.ok()) {
    give_up_rows();
    return {};
  }
  Input unite = StartJoin{seen.peer, !PLANTED(kDivergenceJoinsEqualVectors)};
  return apply_input(turn, unite);
}

// The next open looks at every row before it believes this, but not for ever: what a check does not
// find may stop a reader each time.
void Replica::Impl::give_up_rows() {
  using Stage = store::Repair::Stage;
  store->meta().repair = {found_sound ? Stage::kDamage : Stage::kSuspect, {}, 0};
}

void Replica::Impl::note_damage(Outputs& out, const std::string& what) {
  const bool news = damage_told.size() < kDamageToldMax && damage_told.insert(what).second;
  if (news) out.notices.push_back({Notice::Kind::kCorruptRow, {}, 0, what});
  damage = what;
}

// Damaged rows are given up once somebody is there to fetch the state from.
void Replica::Impl::give_up_damage() {
  if (damage.empty() || store->meta().repair.sets_aside()) return;
  if (!store->begin().ok()) return;
  give_up_rows();
  if (!store->commit(store::Durability::kFull).ok()) store->rollback();
}

bool Replica::Impl::names_a_peer(std::span<Input> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Input& input) {
    return std::holds_alternative<Received>(input) || std::holds_alternative<ConfirmOwn>(input) ||
           std::holds_alternative<DivergenceSeen>(input) ||
           std::holds_alternative<JoinAnswer>(input) ||
           std::holds_alternative<SnapshotQuery>(input);
  });
}

void Replica::Impl::scrub(Outputs& out) {
  const auto rows =
      static_cast<std::uint64_t>(store->cells().total_cells()) * 2 + store->log().changes() * 2;
  const std::size_t slice =
      std::clamp<std::size_t>(rows / kSlicesOfAPass, kSliceRowsMin, kSliceRowsMax);
  const auto step = store->scrub().step(slice, kSliceBytesMax);
  if (!step.ok() && step.error().code == base::Code::kCorrupt) {
    note_damage(out, step.error().message);
  }
}

}  // namespace agent
