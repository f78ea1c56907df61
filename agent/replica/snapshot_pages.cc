#include "agent/replica/snapshot_pages.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/replica/cell_range.h"
#include "crdt/dot_run_codec.h"

namespace agent {
namespace {

constexpr std::size_t kObjectsAtOnce = 64;
// In the difference form a cell of which only the dot is sent counts for this many bytes of the
// page, and for a part of its body, which is read too. This bounds the work and the memory of a
// page.
constexpr std::size_t kNamedBytes = sizeof(crdt::Dot);
constexpr std::size_t kReadBytes = 16;        // bytes of a body that count as one
constexpr std::size_t kWalkedMax = 1u << 18;  // cells that are read for one query for wanted cells

class PageMaker {
 public:
  PageMaker(store::Reader& reader, crdt::SnapshotPageBuilder& page, std::size_t bytes)
      : reader_(reader), page_(page), bytes_(bytes) {}

  bool more() const { return more_; }  // there is more after this page
  // How far this page reaches.
  const std::optional<crdt::SnapshotPlace>& last() const { return last_; }

  base::Status head(const crdt::SnapshotQuery::Head& after) {
    ASSIGN_OR_RETURN(const store::Actors* actors, reader_.actors());
    auto add = [this](const base::ActorId& id, const store::Actor& actor) {
      if (actor.head.seq == 0) return true;
      crdt::SnapshotActor item{id, actor.head, actor.left, actor.head_named(), actor.node};
      if (take(crdt::encoded_size(item))) page_.add(item);
      return !more_;
    };
    actors->visit(add, after.actor ? &*after.actor : nullptr);
    if (more_) return {};
    crdt::ObjectKey from;
    if (after.object) from = store::key_above(*after.object);
    std::optional<std::string> last;
    for (;;) {
      ASSIGN_OR_RETURN(auto objects, reader_.cells().objects_from(from, kObjectsAtOnce));
      if (objects.empty()) return {};
      for (const store::ObjectInfo& object : objects) {
        // A page ends after a whole name, because the query for the next one names no type.
        bool new_name = object.name != last;
        crdt::SnapshotObject item{object.key(), static_cast<std::uint64_t>(object.cells),
                                  object.digest};
        if (!take(crdt::encoded_size(item)) && new_name) return {};
        more_ = false;
        page_.add(item);
        last = object.name;
      }
      from = store::key_above(objects.back().key());
    }
  }

  base::Status run(const crdt::SnapshotRun& run) {
    if (run.missing) missing_ = &*run.missing;
    RETURN_IF_ERROR(cells_and_texts(run));
    if (!missing_) return {};
    name_object();
    if (more_ && last_) page_.end_at(*last_);
    return {};
  }

 private:
  base::Status cells_and_texts(const crdt::SnapshotRun& run) {
    crdt::ObjectKey start = run.first;
    if (run.after) {
      start = crdt::object_of(run.after->slot);
      RETURN_IF_ERROR(run.after->text ? text(run.after->slot, run.after->dot)
                                      : rest_of_slot(*run.after));
    }
    crdt::ObjectKey from = start;
    while (!more_) {
      ASSIGN_OR_RETURN(auto objects, reader_.cells().objects_from(from, kObjectsAtOnce));
      if (objects.empty()) return {};
      for (const store::ObjectInfo& object : objects) {
        crdt::ObjectKey key = object.key();
        if (run.last < key) return {};
        const bool goes_on = run.after && key == start;
        RETURN_IF_ERROR(rest_of_object(object, goes_on ? &*run.after : nullptr));
        if (more_) return {};
      }
      from = store::key_above(objects.back().key());
    }
    return {};
  }

  // Whether an item of this size still fits. If not, there is more after this page.
  bool take(std::size_t size) {
    more_ = used_ > 0 && used_ + size > bytes_;
    used_ += size;
    return !more_;
  }

  // Cells and texts of one object, strictly after `after` (null: from the first).
  base::Status rest_of_object(const store::ObjectInfo& object, const crdt::SnapshotPlace* after) {
    std::vector<crdt::Slot> texts;
    RETURN_IF_ERROR(
        reader_.cells().texts().visit(object, {}, [&](const crdt::Slot& slot, const auto&) {
          // A text comes after the cells of its slot.
          const bool wanted = !after || after->slot < slot || (after->slot == slot && !after->text);
          if (wanted) texts.push_back(slot);
          return true;
        }));
    auto next = texts.begin();
    base::Status failed;
    const auto texts_before = [&](const crdt::Slot* slot) {
      for (; failed.ok() && !more_ && next != texts.end() && (!slot || *next < *slot); ++next) {
        failed = text(*next, std::nullopt);
      }
      return failed.ok() && !more_;
    };
    const auto visit = [&](store::SlotRow& row) {
      return texts_before(&row.slot) && add(row.slot, row.cells.begin(), row);
    };
    if (!more_) {
      RETURN_IF_ERROR(reader_.cells().scan_object(object, after ? &after->slot : nullptr, visit));
    }
    texts_before(nullptr);
    return failed;
  }

  // The elements of a text behind `after`, as far as they fit.
  base::Status text(const crdt::Slot& slot, const std::optional<crdt::Dot>& after) {
    ASSIGN_OR_RETURN(const crdt::Sequence* text, reader_.cells().texts().open(slot));
    if (!text || more_) return {};
    std::vector<crdt::TextRun> runs;
    text->visit(after, [&](const crdt::TextRun& run) {
      const std::size_t head = runs.empty() ? crdt::encoded_size(slot, page_.last_slot()) : 0;
      if (!take(head + crdt::encoded_size(run))) return false;
      runs.push_back(run);
      return true;
    });
    if (runs.empty()) return {};
    charge_ += crdt::memory_charge(slot);
    page_.add(slot, std::span<const crdt::TextRun>(runs));
    reached(slot, runs.back().dot_of(runs.back().size() - 1), true);
    return {};
  }

  // The cells of a slot for which the page before had no room.
  base::Status rest_of_slot(const crdt::SnapshotPlace& after) {
    ASSIGN_OR_RETURN(store::SlotRow row, reader_.cells().load_slot(after.slot));
    auto first = row.cells.begin();
    while (first != row.cells.end() && first->dot <= after.dot) ++first;
    add(row.slot, first, row);
    return {};
  }

  // The cells of a slot from `first` on, as far as they fit. True: all of them.
  bool add(const crdt::Slot& slot, crdt::Cells::const_iterator first, const store::SlotRow& row) {
    if (first == row.cells.end()) return true;
    if (missing_) return add_difference(slot, first, row);
    if (!has_memory_for(slot)) return false;
    if (!take(crdt::encoded_size(slot, page_.last_slot()) + crdt::encoded_size(*first))) {
      return false;
    }
    auto next = first + 1;
    while (next != row.cells.end() && take(crdt::encoded_size(*next))) ++next;
    put(slot, std::span<const crdt::Cell>(first, next));
    reached(slot, (next - 1)->dot, false);
    return next == row.cells.end();
  }

  bool add_difference(const crdt::Slot& slot, crdt::Cells::const_iterator first,
                      const store::SlotRow& row) {
    crdt::Cells lacked;
    of_slot_.clear();
    auto next = first;
    for (; next != row.cells.end(); ++next) {
      if (is_missing(next->dot)) {
        const bool begins = lacked.empty();
        if (begins && !has_memory_for(slot)) break;
        const std::size_t head = begins ? crdt::encoded_size(slot, page_.last_slot()) : 0;
        if (!take(head + crdt::encoded_size(*next))) break;
        lacked.push_back(*next);
      } else {
        more_ = named_count_ == crdt::kSnapshotNamedMax;
        if (more_ || !take(kNamedBytes + next->body.size() / kReadBytes)) break;
        of_slot_.push_back(next->dot);
        ++named_count_;
      }
    }
    if (!lacked.empty()) put(slot, lacked);
    if (next == first) return false;
    reached(slot, (next - 1)->dot, false);
    named_.insert(named_.end(), of_slot_.begin(), of_slot_.end());
    return next == row.cells.end();
  }

  bool is_missing(const crdt::Dot& dot) const {
    const auto found = missing_->find(dot.actor);
    return found != missing_->end() && dot.seq > found->second;
  }

  bool has_memory_for(const crdt::Slot& slot) {
    more_ = charge_ + crdt::memory_charge(slot) > crdt::kSnapshotSlotBytesMax;
    return !more_;
  }

  void put(const crdt::Slot& slot, std::span<const crdt::Cell> cells) {
    charge_ += crdt::memory_charge(slot);
    page_.add(slot, cells);
  }

  void reached(const crdt::Slot& slot, const crdt::Dot& dot, bool text) {
    if (last_ && !crdt::is_of(slot, crdt::object_of(last_->slot))) name_object();
    if (!last_) last_.emplace();
    last_->slot = slot;
    last_->dot = dot;
    last_->text = text;
  }

  // The object of `last_` ends here, or the page does.
  void name_object() {
    if (missing_ && last_) {
      used_ += kNamedBytes + last_->slot.object.size();
      page_.name(crdt::object_of(last_->slot), crdt::runs_of(named_));
    }
    named_.clear();
  }

  store::Reader& reader_;
  crdt::SnapshotPageBuilder& page_;
  std::size_t bytes_;
  const crdt::SnapshotRun::Missing* missing_ = nullptr;  // of the difference form
  bool more_ = false;
  std::optional<crdt::SnapshotPlace> last_;
  std::size_t used_ = 0;
  std::size_t charge_ = 0;
  std::vector<crdt::Dot> named_;    // of the object of `last_`
  std::vector<crdt::Dot> of_slot_;  // those of the present slot
  std::uint64_t named_count_ = 0;   // on this page
};

// The number and the sum of the cells that the query wants, for each object.
base::Status add_wanted(store::Reader& reader, crdt::SnapshotPageBuilder& page,
                        const crdt::SnapshotRun& run) {
  const crdt::SnapshotPlace* after = run.after ? &*run.after : nullptr;
  const crdt::SnapshotPlace* until = run.wanted->until ? &*run.wanted->until : nullptr;
  const crdt::ObjectKey last = until ? crdt::object_of(until->slot) : run.last;
  std::uint64_t left = crdt::codec::count_dots(run.wanted->dots);
  std::size_t walked = 0;
  crdt::ObjectKey from = after ? crdt::object_of(after->slot) : run.first;
  for (;;) {
    ASSIGN_OR_RETURN(auto objects, reader.cells().objects_from(from, kObjectsAtOnce));
    if (objects.empty()) return {};
    for (const store::ObjectInfo& object : objects) {
      crdt::SnapshotObject share{object.key(), 0, {}};
      if (last < share.key) return {};
      const auto visit = [&](const crdt::Slot& slot, const crdt::Cell& cell) {
        if (crdt::covers(run.wanted->dots, cell.dot)) {
          share.digest.add(crdt::cell_element(slot, cell));
          ++share.cells;
          --left;
        }
        return left > 0 && ++walked < kWalkedMax;
      };
      RETURN_IF_ERROR(visit_cells(reader.cells(), object, after, until, visit));
      if (share.cells > 0) page.add(share);
      if (left == 0 || walked >= kWalkedMax) return {};
    }
    from = store::key_above(objects.back().key());
  }
}

}  // namespace

base::Result<PageBytes> make_page(store::Reader& reader, const crdt::SnapshotName& name,
                                  const crdt::SnapshotQuery& query, std::size_t bytes) {
  ASSIGN_OR_RETURN(const store::Meta meta, reader.meta());
  crdt::SnapshotPageBuilder page(query.step, name, meta.clock);
  if (query.run && query.run->wanted) {
    RETURN_IF_ERROR(add_wanted(reader, page, *query.run));
    return PageBytes{page.finish(false), false, std::nullopt};
  }
  PageMaker maker(reader, page, bytes);
  RETURN_IF_ERROR(query.run ? maker.run(*query.run) : maker.head(query.head));
  return PageBytes{page.finish(maker.more()), maker.more(), maker.last()};
}

}  // namespace agent
