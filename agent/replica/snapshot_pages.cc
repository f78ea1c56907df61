#include "agent/replica/snapshot_pages.h"

#include <utility>
#include <vector>

namespace agent {
namespace {

constexpr std::size_t kObjectsAtOnce = 64;

class PageMaker {
 public:
  PageMaker(store::Reader& reader, crdt::SnapshotPageBuilder& page, std::size_t bytes)
      : reader_(reader), page_(page), bytes_(bytes) {}

  bool more() const { return more_; }  // there is more after this page
  std::optional<crdt::SnapshotQuery::Place> last() const {
    if (!page_.last_slot()) return std::nullopt;
    return crdt::SnapshotQuery::Place{*page_.last_slot(), last_dot_, last_is_text_};
  }

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

  base::Status run(const crdt::SnapshotQuery::Run& run) {
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

 private:
  // Whether an item of this size still fits. If not, there is more after this page.
  bool take(std::size_t size) {
    more_ = used_ > 0 && used_ + size > bytes_;
    used_ += size;
    return !more_;
  }

  // Cells and texts of one object, strictly after `after` (null: from the first).
  base::Status rest_of_object(const store::ObjectInfo& object,
                              const crdt::SnapshotQuery::Place* after) {
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
    last_dot_ = runs.back().dot_of(runs.back().size() - 1);
    last_is_text_ = true;
    return {};
  }

  // The cells of a slot for which the page before had no room.
  base::Status rest_of_slot(const crdt::SnapshotQuery::Place& after) {
    ASSIGN_OR_RETURN(store::SlotRow row, reader_.cells().load_slot(after.slot));
    auto first = row.cells.begin();
    while (first != row.cells.end() && first->dot <= after.dot) ++first;
    add(row.slot, first, row);
    return {};
  }

  bool add(const crdt::Slot& slot, crdt::Cells::const_iterator first, const store::SlotRow& row) {
    const auto end = row.cells.end();
    if (first == end) return true;
    std::size_t charge = crdt::memory_charge(slot);
    if (charge_ + charge > crdt::kSnapshotSlotBytesMax) {
      more_ = true;
      return false;
    }
    if (!take(crdt::encoded_size(slot, page_.last_slot()) + crdt::encoded_size(*first))) {
      return false;
    }
    charge_ += charge;
    auto next = first + 1;
    while (next != end && take(crdt::encoded_size(*next))) ++next;
    page_.add(slot, std::span<const crdt::Cell>(first, next));
    last_dot_ = (next - 1)->dot;
    last_is_text_ = false;
    return next == end;
  }

  store::Reader& reader_;
  crdt::SnapshotPageBuilder& page_;
  std::size_t bytes_;
  bool more_ = false;
  crdt::Dot last_dot_;
  bool last_is_text_ = false;
  std::size_t used_ = 0;
  std::size_t charge_ = 0;
};

}  // namespace

base::Result<PageBytes> make_page(store::Reader& reader, const crdt::SnapshotName& name,
                                  const crdt::SnapshotQuery& query, std::size_t bytes) {
  ASSIGN_OR_RETURN(const store::Meta meta, reader.meta());
  crdt::SnapshotPageBuilder page(query.step, name, meta.clock);
  PageMaker maker(reader, page, bytes);
  RETURN_IF_ERROR(query.run ? maker.run(*query.run) : maker.head(query.head));
  return PageBytes{page.finish(maker.more()), maker.more(), maker.last()};
}

}  // namespace agent
