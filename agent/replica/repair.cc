#include "agent/replica/repair.h"

#include <algorithm>
#include <utility>

namespace agent {
namespace {

// With one part a second, a pass over all rows takes three hours. A larger database has larger
// parts, within these bounds. Under load the parts come less often. A pass that takes four times as
// long still ends within half a day.
constexpr std::size_t kSliceRowsMin = 64;
constexpr std::size_t kSliceRowsMax = 4'096;
constexpr std::size_t kSliceBytesMax = 4u << 20;
constexpr std::size_t kSlicesOfAPass = 12 * 3'600 / 4;
constexpr std::size_t kDamageToldMax = 100;  // notices about different damaged rows; above: none

}  // namespace

// Both sides of a divergence do this. A side whose rows are damaged gives up its state. If both are
// sound, neither may delete a cell because the other lacks it, so they unite. This check also runs
// while the state is being fetched after the database was set aside. Our vector may already equal
// the peer's then, and without the check nothing more would be fetched.
bool Repair::on_divergence(Turn& turn, const DivergenceSeen& seen) {
  if (context_.meta().repair.sets_aside()) return false;
  const std::string peer = "with " + seen.peer.hex() + ": ";
  const std::string found = turn.check.ok() ? "our rows are sound" : turn.check.error().message;
  turn.out.notices.push_back({Notice::Kind::kDivergence, {}, 0, peer + found});
  if (!turn.check.ok()) give_up_rows();
  return turn.check.ok();
}

// The next open reads every row before it gives the state up. It does so only once: there may be
// damage that this check does not find but that stops readers each time.
void Repair::give_up_rows() {
  using Stage = store::Repair::Stage;
  context_.meta().repair = {found_sound_ ? Stage::kDamage : Stage::kSuspect, {}, 0};
}

void Repair::note_damage(Outputs& out, const std::string& what) {
  const bool news = damage_told_.size() < kDamageToldMax && damage_told_.insert(what).second;
  if (news) out.notices.push_back({Notice::Kind::kCorruptRow, {}, 0, what});
  damage_ = what;
}

// A reader met a damaged row. If the row belongs to the log, the log is mended and the state stays.
// Mending reads the whole log, so it is done once for each reported text.
base::Status Repair::on_damage(Turn& turn, const std::string& what) {
  const bool news = !damage_told_.contains(what) && store::is_about_log(what);
  if (news && !context_.meta().repair.sets_aside()) {
    const std::size_t before = turn.out.notices.size();
    const base::Status mended = mend_log(turn.out, what);
    // kCorrupt: a page of the log cannot be read. The state is given up, as for any other damage.
    if (!mended.ok() && mended.error().code != base::Code::kCorrupt) return mended;
    if (mended.ok() && turn.out.notices.size() > before) return {};
  }
  note_damage(turn.out, what);
  return {};
}

void Repair::give_up_damage() {
  if (damage_.empty() || context_.meta().repair.sets_aside()) return;
  if (!context_.store->begin().ok()) return;
  give_up_rows();
  if (!context_.store->commit(store::Durability::kFull).ok()) context_.store->rollback();
}

void Repair::scrub(Outputs& out) {
  context_.store->rest();
  const auto rows = static_cast<std::uint64_t>(context_.store->cells().total_cells()) * 2 +
                    context_.store->log().changes() * 2;
  const std::size_t slice =
      std::clamp<std::size_t>(rows / kSlicesOfAPass, kSliceRowsMin, kSliceRowsMax);
  const auto step = context_.store->scrub().step(slice, kSliceBytesMax);
  if (!step.ok() && step.error().code == base::Code::kCorrupt) {
    if (!drop_bad_row(out, step.error().message)) note_damage(out, step.error().message);
  }
}

bool Repair::mend_next_turn() { return !std::exchange(mend_due_, true); }

// False: the row belongs to the state, or it cannot be dropped.
bool Repair::drop_bad_row(Outputs& out, const std::string& what) {
  using Bad = store::Scrub::Bad;
  const Bad bad = context_.store->scrub().bad();
  if (bad == Bad::kStaged) return true;
  if (bad == Bad::kState || context_.meta().repair.sets_aside()) return false;
  if (!context_.store->begin().ok()) return false;
  Outputs said;
  const auto done = [&]() -> base::Status {
    if (bad == Bad::kLog) return mend_log(said, what);
    RETURN_IF_ERROR(context_.store->scrub().drop_row());
    said.notices.push_back({Notice::Kind::kRowsDropped, {}, 1, what});
    return {};
  };
  const base::Status dropped = done();
  if (!dropped.ok()) {
    context_.store->rollback();
    return false;
  }
  if (!context_.store->commit(store::Durability::kFull).ok()) return false;
  for (Notice& notice : said.notices) out.notices.push_back(std::move(notice));
  context_.committed = context_.state();
  return !said.notices.empty();
}

// A log that cannot be mended is noted like any other damage. It does not make the turn fail.
base::Status Repair::mend_if_damaged(Turn& turn) {
  if (!mend_due_ && !context_.store->log().damaged()) return {};
  mend_due_ = false;
  const base::Status mended = mend_log(turn.out, "a row of the change log is damaged");
  if (mended.ok() || mended.error().code != base::Code::kCorrupt) return mended;
  note_damage(turn.out, mended.error().message);
  return {};
}

// The log is for speed only (rule 7). A peer that lacks a lost change gets it by a state join.
base::Status Repair::mend_log(Outputs& out, const std::string& what) {
  ASSIGN_OR_RETURN(const store::ChangeLog::Mended mended,
                   context_.store->log().mend(context_.actors()));
  if (!mended.any()) return {};
  store::Meta& meta = context_.meta();
  const std::int64_t lost = std::min(mended.position, meta.next_position - 1);
  meta.lost_position = std::max(meta.lost_position, lost);
  out.notices.push_back({Notice::Kind::kRowsDropped,
                         {},
                         mended.rows,
                         what + ": dropped " + std::to_string(mended.rows) +
                             " rows of the change log; " + std::to_string(mended.changes) +
                             " changes are no longer served from it, peers that lack them fetch "
                             "the state"});
  return {};
}

}  // namespace agent
