#include "agent/replica/merge.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "agent/replica/entry_watch.h"
#include "agent/replica/merge_text.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr std::size_t kObjectsAtOnce = 64;

// Cells of the other side that come back under rule 8, with their slots.
using Revived = std::map<crdt::Dot, crdt::Slot>;

void drop_killed(const crdt::Effect& effect, Revived& revived) {
  for (const crdt::DotRun& run : effect.kills) {
    auto next = revived.lower_bound({run.actor, run.seq, run.index});
    while (next != revived.end()) {
      const auto& [dot, slot] = *next;
      if (dot.actor != run.actor || dot.seq - run.seq >= run.changes) break;
      const bool killed = run.contains(dot) && crdt::reaches(effect.slot, slot);
      next = killed ? revived.erase(next) : std::next(next);
    }
  }
}

// Decides which cells stay and which are added. `named`: of the difference form, else null.
class Judge {
 public:
  Judge(const crdt::VersionVector& ours, const StateJoin& join, const Revived& revived)
      : ours_(ours), theirs_(join.vector()), unite_(join.unite()), revived_(revived) {}

  // `dot` is a cell that we hold and that the other side has not sent.
  base::Result<bool> stays(const crdt::Slot& slot, const crdt::Dot& dot, StagedNames* named) const {
    if (unite_ || PLANTED(kJoinDropsNothing)) return true;
    if (!theirs_.covers(dot.actor, dot.seq)) return true;
    if (!named) return false;
    return named->contains(slot, dot);
  }
  // `dot` is a cell that the other side has sent and we do not hold.
  bool comes(const crdt::Dot& dot) const {
    return unite_ ? revived_.contains(dot) : !ours_.covers(dot.actor, dot.seq);
  }

 private:
  const crdt::VersionVector& ours_;
  const crdt::VersionVector& theirs_;
  bool unite_;
  const Revived& revived_;
};

// Calls `visit` for every slot that one of the two sides has, in order.
class Walk {
 public:
  // `named`: in the difference form, what the pages name beside `theirs`. Null: nothing.
  using Visit = std::function<base::Status(store::SlotRow& ours, const crdt::Cells& theirs,
                                           StagedNames* named)>;
  using VisitText = std::function<base::Status(const crdt::SnapshotSlot& theirs)>;
  // `held`: we held something of the object before.
  using Ended = std::function<base::Status(const crdt::ObjectKey& object, bool held)>;
  Walk(store::Store& store, const StateJoin& join)
      : store_(store),
        join_(join),
        index_(store.staged(), StateJoin::kHead),
        cells_(store.staged(), StateJoin::kCells),
        names_(store.staged(), StateJoin::kCells) {}

  // `visit_text` gets the texts of the other side. A text that only we have needs nothing: no
  // skeleton is ever dropped, so the other side has not seen any of it.
  base::Status run(const Visit& visit, const VisitText& visit_text, const Ended& ended) {
    visit_ = visit;
    visit_text_ = visit_text;
    ended_ = ended;
    for (;;) {
      ASSIGN_OR_RETURN(const store::ObjectInfo* mine, next_of_ours());
      ASSIGN_OR_RETURN(const crdt::SnapshotObject* theirs, index_.peek());
      if (!mine && !theirs) return {};
      crdt::ObjectKey mine_key = mine ? mine->key() : crdt::ObjectKey();
      bool ours_first = mine && (!theirs || mine_key < theirs->key);
      bool both = mine && theirs && mine_key == theirs->key;
      crdt::ObjectKey key = ours_first ? mine_key : theirs->key;
      if (!join_.skipped(key) || join_.late_part(key)) {
        RETURN_IF_ERROR(object(ours_first || both ? mine : nullptr, key, ours_first));
      }
      if (ours_first || both) ++at_;
      if (!ours_first) index_.pop();
    }
  }

 private:
  base::Result<const store::ObjectInfo*> next_of_ours() {
    if (at_ == objects_.size()) {
      std::optional<crdt::ObjectKey> after;
      if (!objects_.empty()) after = objects_.back().key();
      if (started_ && objects_.empty()) return nullptr;
      started_ = true;
      ASSIGN_OR_RETURN(objects_, store_.cells().objects(after, kObjectsAtOnce));
      at_ = 0;
    }
    return objects_.empty() ? nullptr : &objects_[at_];
  }

  base::Status object(const store::ObjectInfo* mine, const crdt::ObjectKey& key, bool only_ours) {
    std::optional<StagedSlots> late;
    if (auto part = join_.late_part(key)) late.emplace(store_.staged(), *part);
    StagedSlots& theirs = late ? *late : cells_;
    key_ = only_ours ? nullptr : &key;
    std::optional<StagedNames> late_names;
    if (late) late_names.emplace(store_.staged(), *join_.late_part(key));
    named_ = nullptr;
    if (key_ && join_.by_difference()) {
      named_ = late_names ? &*late_names : &names_;
      RETURN_IF_ERROR(named_->begin(key));
    }
    base::Status failed;
    if (mine) {
      auto visit = [&](store::SlotRow& row) {
        failed = both_sides(row, theirs);
        return failed.ok();
      };
      RETURN_IF_ERROR(store_.cells().scan_object(*mine, nullptr, visit));
      RETURN_IF_ERROR(failed);
    }
    for (;;) {
      ASSIGN_OR_RETURN(crdt::SnapshotSlot * slot, next_of(theirs));
      if (!slot) break;
      RETURN_IF_ERROR(only_theirs(*slot, theirs));
    }
    return ended_(key, mine && mine->cells > 0);
  }

  // The next slot with cells of the present object; null when there is none. Texts before it are
  // visited.
  base::Result<crdt::SnapshotSlot*> next_of(StagedSlots& theirs) {
    if (!key_) return nullptr;
    for (;;) {
      ASSIGN_OR_RETURN(crdt::SnapshotSlot * slot, theirs.peek());
      if (!slot || !crdt::is_of(slot->slot, *key_)) return nullptr;
      if (!slot->is_text()) return slot;
      RETURN_IF_ERROR(visit_text_(*slot));
      theirs.pop();
    }
  }

  base::Status both_sides(store::SlotRow& row, StagedSlots& theirs) {
    for (;;) {
      ASSIGN_OR_RETURN(crdt::SnapshotSlot * slot, next_of(theirs));
      auto order = slot ? crdt::compare_slots(slot->slot, row.slot) : std::strong_ordering::greater;
      if (order > 0) return visit_(row, {}, named_);
      if (order < 0) {
        RETURN_IF_ERROR(only_theirs(*slot, theirs));
        continue;
      }
      RETURN_IF_ERROR(visit_(row, slot->cells, named_));
      theirs.pop();
      return {};
    }
  }

  base::Status only_theirs(const crdt::SnapshotSlot& slot, StagedSlots& theirs) {
    store::SlotRow row;
    row.slot = slot.slot;
    RETURN_IF_ERROR(visit_(row, slot.cells, named_));
    theirs.pop();
    return {};
  }

  store::Store& store_;
  const StateJoin& join_;
  StagedIndex index_;
  StagedSlots cells_;
  StagedNames names_;
  StagedNames* named_ = nullptr;  // of the present object
  Visit visit_;
  VisitText visit_text_;
  Ended ended_;
  const crdt::ObjectKey* key_ = nullptr;
  std::vector<store::ObjectInfo> objects_;  // some of ours, read at once
  std::size_t at_ = 0;
  bool started_ = false;
};

class Merger {
 public:
  Merger(store::Store& store, const Judge& judge, MergeEvents* events)
      : store_(store), judge_(judge), watch_(store, events) {}

  base::Status slot(store::SlotRow& row, const crdt::Cells& theirs, StagedNames* named) {
    if (same_dots(row.cells, theirs)) return {};
    crdt::Cells result;
    crdt::Digest taken;
    crdt::Digest given;
    std::uint64_t added = 0;
    std::uint64_t dropped = 0;
    auto other = theirs.begin();
    for (;;) {
      bool more = other != theirs.end();
      bool mine = at_ != row.cells.size();
      if (!more && !mine) break;
      crdt::Cell* cell = mine ? &row.cells[at_] : nullptr;
      if (mine && more && cell->dot == other->dot) {
        result.push_back(std::move(*cell));
        ++at_;
        ++other;
      } else if (mine && (!more || cell->dot < other->dot)) {
        ASSIGN_OR_RETURN(const bool stays, judge_.stays(row.slot, cell->dot, named));
        if (!stays) taken.add(crdt::cell_element(row.slot, *cell));
        if (!stays) ++dropped;
        if (stays) result.push_back(std::move(*cell));
        ++at_;
      } else {
        bool comes = judge_.comes(other->dot);
        if (comes) given.add(crdt::cell_element(row.slot, *other));
        if (comes) ++added;
        if (comes) result.push_back(*other);
        ++other;
      }
    }
    at_ = 0;
    if (added == 0 && dropped == 0) return {};
    RETURN_IF_ERROR(watch_.before(row.slot));
    row.cells = std::move(result);
    RETURN_IF_ERROR(store_.cells().save(row));
    cells_ += static_cast<std::int64_t>(added) - static_cast<std::int64_t>(dropped);
    taken_.add(taken);
    given_.add(given);
    counts_.cells_added += added;
    counts_.cells_removed += dropped;
    changed_ = true;
    return {};
  }

  base::Status text(const crdt::SnapshotSlot& theirs) {
    ASSIGN_OR_RETURN(const MergedText merged, merge_text(store_.cells().texts(), theirs));
    if (merged.inserted == 0 && merged.erased == 0) return {};
    counts_.cells_added += merged.inserted;
    counts_.cells_removed += merged.erased;
    ++counts_.texts_changed;
    changed_ = true;
    watch_.text_changed();
    return {};
  }

  base::Status ended(const crdt::ObjectKey& object, bool held) {
    RETURN_IF_ERROR(store_.cells().account(object, cells_, taken_, given_));
    if (std::exchange(changed_, false)) RETURN_IF_ERROR(count(object, held));
    cells_ = 0;
    taken_ = {};
    given_ = {};
    return watch_.finish();
  }

  const JoinCounts& counts() const { return counts_; }

 private:
  // True if nothing has to be done for this slot. When a join brings little, most slots are like
  // this.
  static bool same_dots(const crdt::Cells& ours, const crdt::Cells& theirs) {
    auto same = [](const crdt::Cell& a, const crdt::Cell& b) { return a.dot == b.dot; };
    return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(), same);
  }

  base::Status count(const crdt::ObjectKey& object, bool held) {
    ASSIGN_OR_RETURN(const store::ObjectInfo* now,
                     store_.cells().find_object(object.first, object.second));
    const bool holds = now && now->cells > 0;
    if (held && holds) ++counts_.objects_changed;
    if (!held && holds) ++counts_.objects_new;
    if (held && !holds) ++counts_.objects_removed;
    return {};
  }

  store::Store& store_;
  const Judge& judge_;
  EntryWatch watch_;
  std::size_t at_ = 0;
  // Sums over the present object.
  std::int64_t cells_ = 0;
  crdt::Digest taken_;
  crdt::Digest given_;
  bool changed_ = false;
  JoinCounts counts_;
};

// Rule 8: the dots of the other side that our vector covers, that we do not hold, and that no
// change in our log kills. Empty unless our log has every change that we know and the other side
// does not.
base::Result<Revived> find_revived(store::Store& store, const StateJoin& join,
                                   const JoinLimits& limits) {
  Revived dots;
  const store::Actors& actors = store.actors();
  bool log_reaches_back = true;
  actors.visit_lacking(join.vector(), [&](const base::ActorId& id, const store::Actor& actor) {
    log_reaches_back = join.vector().seq_of(id) >= actor.floor;
    return log_reaches_back;
  });
  if (!log_reaches_back) return dots;
  auto collect = [&](store::SlotRow& row, const crdt::Cells& theirs, auto*) -> base::Status {
    for (const crdt::Cell& cell : theirs) {
      auto same = [&](const crdt::Cell& mine) { return mine.dot == cell.dot; };
      if (std::any_of(row.cells.begin(), row.cells.end(), same)) continue;
      bool known = actors.vector().covers(cell.dot.actor, cell.dot.seq);
      if (known && dots.size() < limits.unite_max) dots.emplace(cell.dot, row.slot);
    }
    return {};
  };
  const auto nothing = [](const auto&...) { return base::Status(); };
  RETURN_IF_ERROR(Walk(store, join).run(collect, nothing, nothing));
  if (dots.empty()) return dots;
  auto spare = [&](const store::LogEntry& entry) {
    auto opened = crdt::open_change(entry.sealed);
    if (!opened.ok()) return true;
    for (const crdt::Effect& effect : opened->change.effects) {
      drop_killed(effect, dots);
    }
    return true;
  };
  RETURN_IF_ERROR(store.log().scan(actors, 0, SIZE_MAX, spare));
  return dots;
}

}  // namespace

base::Result<JoinCounts> merge_join(store::Store& store, const StateJoin& join,
                                    const JoinLimits& limits, MergeEvents* events) {
  Revived revived;
  if (join.unite()) {
    ASSIGN_OR_RETURN(revived, find_revived(store, join, limits));
  }
  const crdt::VersionVector& ours =
      PLANTED(kJudgedByStartVector) ? join.start_vector() : store.actors().vector();
  Judge judge(ours, join, revived);
  Merger merger(store, judge, events);
  auto slot = [&](store::SlotRow& row, const crdt::Cells& theirs, StagedNames* named) {
    return merger.slot(row, theirs, named);
  };
  // Rule 8 leaves our vector as it is, and a letter does not say which change erased it. So texts
  // are united only with a side that has seen nothing that we lack; the alarm is raised again until
  // then.
  const bool texts_too = !join.unite() || store.actors().vector().covers(join.vector());
  auto text = [&](const crdt::SnapshotSlot& theirs) {
    return texts_too ? merger.text(theirs) : base::Status();
  };
  auto ended = [&](const crdt::ObjectKey& object, bool held) { return merger.ended(object, held); };
  RETURN_IF_ERROR(Walk(store, join).run(slot, text, ended));
  return merger.counts();
}

}  // namespace agent
