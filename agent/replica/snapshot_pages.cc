#include "agent/replica/snapshot_pages.h"

#include <utility>

namespace agent {
namespace {

constexpr std::size_t kObjectsAtOnce = 64;

class PageMaker {
 public:
  PageMaker(store::Reader& reader, crdt::SnapshotPage& page, std::size_t bytes)
      : reader_(reader), page_(page), bytes_(bytes) {}

  base::Status head(const crdt::SnapshotQuery::Head& after) {
    ASSIGN_OR_RETURN(const store::Actors* actors, reader_.actors());
    for (const auto& [id, actor] : actors->all()) {
      if (actor.head.seq == 0 || (after.actor && id <= *after.actor)) continue;
      crdt::SnapshotActor item{id, actor.head, actor.left, actor.node};
      if (!take(crdt::encoded_size(item))) return {};
      page_.actors.push_back(std::move(item));
    }
    std::string from = after.object ? *after.object + '\0' : std::string();
    for (;;) {
      ASSIGN_OR_RETURN(auto objects, reader_.cells().objects_from(from, kObjectsAtOnce));
      if (objects.empty()) return {};
      for (const store::ObjectInfo& object : objects) {
        // A page ends between names: the next begins after a name.
        bool new_name = page_.objects.empty() || page_.objects.back().key.first != object.name;
        crdt::SnapshotObject item{
            {object.name, object.type}, static_cast<std::uint64_t>(object.cells), object.digest};
        if (!take(crdt::encoded_size(item)) && new_name) return {};
        page_.more = false;
        page_.objects.push_back(std::move(item));
      }
      from = objects.back().name + '\0';
    }
  }

  base::Status run(const crdt::SnapshotQuery::Run& run) {
    crdt::ObjectKey start = run.first;
    if (run.after) {
      start = crdt::object_of(run.after->slot);
      RETURN_IF_ERROR(rest_of_slot(*run.after));
    }
    std::string from = start.first;
    while (!page_.more) {
      ASSIGN_OR_RETURN(auto objects, reader_.cells().objects_from(from, kObjectsAtOnce));
      if (objects.empty()) return {};
      for (const store::ObjectInfo& object : objects) {
        crdt::ObjectKey key{object.name, object.type};
        if (key < start) continue;
        if (run.last < key) return {};
        bool goes_on = run.after && key == start;
        auto visit = [this](store::SlotRow& row) { return add(row.slot, row.cells.begin(), row); };
        RETURN_IF_ERROR(
            reader_.cells().scan_object(object, goes_on ? &run.after->slot : nullptr, visit));
        if (page_.more) return {};
      }
      from = objects.back().name + '\0';
    }
    return {};
  }

 private:
  // Whether an item of this size still fits; else there is more behind this page.
  bool take(std::size_t size) {
    bool first = page_.actors.empty() && page_.objects.empty() && page_.slots.empty();
    page_.more = !first && used_ + size > bytes_;
    used_ += size;
    return !page_.more;
  }

  // The cells of a slot that the page before could not take.
  base::Status rest_of_slot(const crdt::SnapshotQuery::Place& after) {
    ASSIGN_OR_RETURN(store::SlotRow row, reader_.cells().load_slot(after.slot));
    auto first = row.cells.begin();
    while (first != row.cells.end() && first->dot <= after.dot) ++first;
    add(row.slot, first, row);
    return {};
  }

  bool add(const crdt::Slot& slot, crdt::Cells::iterator next, store::SlotRow& row) {
    if (next == row.cells.end()) return true;
    const crdt::Slot* before = page_.slots.empty() ? nullptr : &page_.slots.back().slot;
    std::size_t charge = crdt::memory_charge(slot);
    if (charge_ + charge > crdt::kSnapshotSlotBytesMax) {
      page_.more = true;
      return false;
    }
    if (!take(crdt::encoded_size(slot, before) + crdt::encoded_size(*next))) return false;
    charge_ += charge;
    crdt::SnapshotSlot& added = page_.slots.emplace_back();
    added.slot = slot;
    do {
      added.cells.push_back(std::move(*next));
      if (++next == row.cells.end()) return true;
    } while (take(crdt::encoded_size(*next)));
    return false;
  }

  store::Reader& reader_;
  crdt::SnapshotPage& page_;
  std::size_t bytes_;
  std::size_t used_ = 0;
  std::size_t charge_ = 0;
};

}  // namespace

base::Result<crdt::SnapshotPage> make_page(store::Reader& reader, const crdt::SnapshotName& name,
                                           const crdt::SnapshotQuery& query, std::size_t bytes) {
  crdt::SnapshotPage page;
  page.step = query.step;
  page.name = name;
  ASSIGN_OR_RETURN(const store::Meta meta, reader.meta());
  page.clock = meta.clock;
  PageMaker maker(reader, page, bytes);
  RETURN_IF_ERROR(query.run ? maker.run(*query.run) : maker.head(query.head));
  return page;
}

}  // namespace agent
