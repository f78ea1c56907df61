#include "store/cell_table.h"

#include <algorithm>
#include <cstdint>

#include "store/cell_codec.h"
#include "store/cell_rows.h"
#include "store/cell_writer.h"
#include "store/entry_key.h"
#include "store/lanes.h"
#include "store/memtables.h"
#include "store/names.h"
#include "store/recent_slots.h"
#include "store/slot_scan.h"

namespace store {
namespace {

// Before the row of an object is deleted, so many of its names are looked at: none may have cells.
// There may be many that wait for a fold, and a commit has bounded work. verify() looks at all.
constexpr std::size_t kNamesLookedAt = 64;

// The key of the row in `names` to which the slot belongs.
base::Bytes key_of(const crdt::Slot& slot, std::int64_t object, int lane) {
  const std::size_t depth = slot.path.size();
  if (lane == kOwnLane) {
    base::Bytes key = entry_key(object, slot.path, depth);
    append_own(key, slot.type);
    return key;
  }
  return entry_key(object, slot.path, depth <= 1 ? depth : depth - 1);
}

}  // namespace

struct CellTable::Impl {
  Impl(Database& used, Actors& known, const Options& options)
      : database(used),
        actors(known),
        objects(used, [this](std::int64_t index) { return scan.any(index, kNamesLookedAt); }),
        lanes(used),
        names(used),
        rows(used, known),
        writer(names, rows),
        memtables(used, options),
        scan(used, names, rows, lanes, memtables.overlay()),
        texts(used, known, objects, options) {}

  base::Result<SlotRow> load_slot(const crdt::Slot& slot);
  base::Result<std::int64_t> last_object();
  base::Status save(SlotRow& row);
  base::Status store(SlotRow& row, const CellKey& key);
  base::Status erase(SlotRow& row);
  base::Status verify(const ObjectInfo& object, TextTotals& counted);
  base::Status verify(const crdt::Slot& text, crdt::Digest& digest);
  base::Status verify_gone(const std::vector<std::int64_t>& objects_found);

  Database& database;
  Actors& actors;
  Objects objects;
  Lanes lanes;
  Names names;
  CellRows rows;
  CellWriter writer;
  Memtables memtables;
  SlotScan scan;
  Texts texts;
  bool touched = false;
  RecentSlots recent;
};

CellTable::CellTable(Database& database, Actors& actors, const Options& options)
    : impl_(std::make_unique<Impl>(database, actors, options)) {}

CellTable::~CellTable() = default;

base::Status CellTable::load() {
  impl_->names.forget();
  impl_->touched = false;
  impl_->recent.clear();
  RETURN_IF_ERROR(impl_->memtables.load());
  ASSIGN_OR_RETURN(const std::int64_t used, impl_->last_object());
  RETURN_IF_ERROR(impl_->objects.load(used));
  RETURN_IF_ERROR(impl_->lanes.load());
  RETURN_IF_ERROR(impl_->writer.load());
  return impl_->texts.load();
}

base::Status CellTable::refresh() {
  impl_->names.forget();
  impl_->recent.clear();
  RETURN_IF_ERROR(impl_->memtables.refresh());
  RETURN_IF_ERROR(impl_->texts.refresh());
  RETURN_IF_ERROR(impl_->objects.load(0));
  return impl_->lanes.refresh();
}

// An object whose last cell was removed has no row any more, but perhaps names that are not folded.
base::Result<std::int64_t> CellTable::Impl::last_object() {
  ASSIGN_OR_RETURN(std::int64_t last, names.last_object());
  const MemtableVersion& version = memtables.overlay().version();
  for (const Memtable* table : {version.active.get(), version.frozen.get()}) {
    if (table) last = std::max(last, object_of(table->last_name()));
  }
  return last;
}

base::Result<SlotRow> CellTable::load_slot(const crdt::Slot& slot) {
  if (const RecentSlots::Known* known = impl_->recent.find(slot)) {
    return SlotRow{slot, known->cells, known->id, known->stored};
  }
  ASSIGN_OR_RETURN(SlotRow row, impl_->load_slot(slot));
  impl_->recent.put(row);
  return row;
}

base::Result<crdt::Cells> CellTable::cells_at(const std::string& object,
                                              const std::vector<std::string>& path,
                                              crdt::SlotType type) {
  if (const RecentSlots::Known* known = impl_->recent.find({object, path, type})) {
    return known->cells;
  }
  ASSIGN_OR_RETURN(SlotRow row, impl_->load_slot({object, path, type}));
  impl_->recent.put(row);
  return std::move(row.cells);
}

base::Result<SlotRow> CellTable::Impl::load_slot(const crdt::Slot& slot) {
  SlotRow row;
  row.slot = slot;
  ASSIGN_OR_RETURN(const ObjectInfo* object, objects.find(slot.object, crdt::root_type(slot)));
  const auto lane = lanes.find(slot);
  if (!object || !lane) return row;
  const base::Bytes key = key_of(slot, object->index, *lane);
  if (const auto held = memtables.overlay().find({key, static_cast<std::uint8_t>(*lane)})) {
    if (!held->cells) return row;
    ASSIGN_OR_RETURN(row.cells, rows.unpack(*held->cells));
    row.stored = true;
    return row;
  }
  ASSIGN_OR_RETURN(const std::int64_t name, names.find(key));
  if (name == 0 || writer.is_fresh(name, *lane)) return row;
  const std::int64_t id = CellRows::row_id(name, *lane);
  ASSIGN_OR_RETURN(auto cells, rows.get(id));
  if (!cells) return row;
  row.cells = std::move(*cells);
  row.id = id;
  row.stored = true;
  return row;
}

base::Result<crdt::Entry> CellTable::entry(std::string_view object, std::string_view id) {
  ASSIGN_OR_RETURN(const ObjectInfo* info, impl_->objects.find(object, crdt::SlotType::kMap));
  if (info) return impl_->scan.entry(*info, id);
  crdt::Entry entry;
  entry.object = object;
  entry.id = id;
  return entry;
}

base::Status CellTable::scan(std::string_view object, std::optional<std::string_view> after,
                             const std::function<bool(const crdt::Entry&)>& visit) {
  ASSIGN_OR_RETURN(const ObjectInfo* info, impl_->objects.find(object, crdt::SlotType::kMap));
  if (!info) return {};
  const ObjectInfo kept = *info;  // the visitor may move the original
  return impl_->scan.entries(kept, after, visit);
}

base::Status CellTable::scan_slots(std::string_view object, const std::vector<std::string>& path,
                                   const std::function<bool(const SlotRow&)>& visit) {
  ASSIGN_OR_RETURN(const std::vector<ObjectInfo> named, impl_->objects.named(object));
  for (const ObjectInfo& info : named) {
    ASSIGN_OR_RETURN(const bool more, impl_->scan.slots(info, path, visit));
    if (!more) break;
  }
  return {};
}

base::Status CellTable::scan_object(const ObjectInfo& object, const crdt::Slot* after,
                                    const std::function<bool(SlotRow&)>& visit) {
  const ObjectInfo kept = object;  // the visitor may move the original
  return impl_->scan.slots_after(kept, after, visit);
}

base::Result<std::vector<ObjectInfo>> CellTable::objects(
    const std::optional<crdt::ObjectKey>& after, std::size_t limit) {
  return impl_->objects.from(after ? key_above(*after) : crdt::ObjectKey(), limit);
}

base::Result<std::vector<ObjectInfo>> CellTable::objects_from(const crdt::ObjectKey& first,
                                                              std::size_t limit) {
  return impl_->objects.from(first, limit);
}

const ObjectInfo* CellTable::object(std::string_view name, crdt::SlotType type) const {
  const auto found = find_object(name, type);
  return found.ok() ? *found : nullptr;
}

base::Result<const ObjectInfo*> CellTable::find_object(std::string_view name,
                                                       crdt::SlotType type) const {
  ASSIGN_OR_RETURN(const ObjectInfo* found, impl_->objects.find(name, type));
  return found && found->cells > 0 ? found : nullptr;
}

const crdt::Digest& CellTable::total_digest() const { return impl_->objects.totals().digest; }
std::int64_t CellTable::total_cells() const { return impl_->objects.totals().cells; }
std::int64_t CellTable::total_objects() const { return impl_->objects.totals().objects; }

base::Status CellTable::save(SlotRow& row) {
  const base::Status saved = impl_->save(row);
  if (!saved.ok()) {
    impl_->recent.forget(row.slot);
    return saved;
  }
  impl_->recent.put(row);
  return {};
}

base::Status CellTable::Impl::save(SlotRow& row) {
  RETURN_IF_ERROR(database.writable());
  if (row.cells.empty()) return row.stored ? erase(row) : base::Status();
  touched = true;
  ASSIGN_OR_RETURN(const ObjectInfo* object,
                   objects.intern(row.slot.object, crdt::root_type(row.slot)));
  ASSIGN_OR_RETURN(const int lane, lanes.intern(row.slot));
  const base::Bytes name = key_of(row.slot, object->index, lane);
  RETURN_IF_ERROR(store(row, {name, static_cast<std::uint8_t>(lane)}));
  row.stored = true;
  return {};
}

base::Status CellTable::Impl::store(SlotRow& row, const CellKey& key) {
  base::Bytes packed = pack_cells(row.cells, actors);
  if (memtables.takes(key, packed.size())) {
    memtables.save(key, std::move(packed));
    return {};
  }
  RETURN_IF_ERROR(memtables.make_way());
  if (row.id != 0) return rows.update(row.id, packed);
  const auto id = row.stored ? writer.update(key, packed) : writer.insert(key, packed);
  if (!id.ok()) return id.error();
  row.id = *id;
  return {};
}

base::Status CellTable::Impl::erase(SlotRow& row) {
  touched = true;
  ASSIGN_OR_RETURN(const ObjectInfo* object,
                   objects.intern(row.slot.object, crdt::root_type(row.slot)));
  ASSIGN_OR_RETURN(const int lane, lanes.intern(row.slot));
  const base::Bytes name = key_of(row.slot, object->index, lane);
  const CellKey key{name, static_cast<std::uint8_t>(lane)};
  row.stored = false;
  row.id = 0;
  if (memtables.takes(key, 0)) {
    memtables.save(key, std::nullopt);
    return {};
  }
  RETURN_IF_ERROR(memtables.make_way());
  return writer.erase(key);
}

base::Status CellTable::account(const crdt::Slot& slot, std::int64_t cells,
                                const crdt::Digest& digest_before,
                                const crdt::Digest& digest_after) {
  RETURN_IF_ERROR(impl_->database.writable());
  return impl_->objects.account(slot.object, crdt::root_type(slot), cells, digest_before,
                                digest_after);
}

base::Status CellTable::account(const crdt::ObjectKey& object, std::int64_t cells,
                                const crdt::Digest& digest_before,
                                const crdt::Digest& digest_after) {
  RETURN_IF_ERROR(impl_->database.writable());
  return impl_->objects.account(object.first, object.second, cells, digest_before, digest_after);
}

base::Status CellTable::flush() {
  RETURN_IF_ERROR(impl_->database.writable());
  RETURN_IF_ERROR(impl_->texts.flush());
  RETURN_IF_ERROR(impl_->objects.flush());
  return impl_->memtables.flush(impl_->writer);
}

bool CellTable::rests() { return impl_->memtables.rests(); }

base::Status CellTable::fold_at_rest() {
  RETURN_IF_ERROR(impl_->database.writable());
  return impl_->memtables.fold_at_rest(impl_->writer);
}

std::size_t CellTable::slots_in_memory() const { return impl_->memtables.slots(); }
std::size_t CellTable::bytes_in_memory() const { return impl_->memtables.bytes(); }

void CellTable::pause() { impl_->memtables.pause(); }

base::Status CellTable::resume() { return impl_->memtables.resume(); }

void CellTable::undo() { impl_->memtables.undo(); }

bool CellTable::touched() const {
  return impl_->touched || impl_->memtables.touched() || impl_->objects.touched() ||
         impl_->lanes.touched() || impl_->texts.touched();
}

void CellTable::committed() {
  impl_->touched = false;
  impl_->writer.committed();
  impl_->memtables.committed();
  impl_->objects.committed();
  impl_->lanes.committed();
  impl_->texts.committed();
}

Texts& CellTable::texts() { return impl_->texts; }

base::Result<std::size_t> CellTable::types_of(std::string_view object) {
  ASSIGN_OR_RETURN(const std::vector<ObjectInfo> named, impl_->objects.named(object));
  return named.size();
}

base::Result<std::vector<crdt::Slot>> CellTable::text_slots(std::string_view object,
                                                            const std::vector<std::string>& path) {
  std::vector<crdt::Slot> slots;
  ASSIGN_OR_RETURN(const std::vector<ObjectInfo> named, impl_->objects.named(object));
  for (const ObjectInfo& info : named) {
    RETURN_IF_ERROR(impl_->texts.visit(info, path, [&](const crdt::Slot& slot, const TextRow&) {
      slots.push_back(slot);
      return true;
    }));
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

base::Status CellTable::verify() {
  const std::int64_t met = impl_->scan.rows_met();
  std::vector<std::int64_t> found;
  std::optional<crdt::ObjectKey> after;
  crdt::Digest digest;
  std::int64_t cells = 0;
  TextTotals texts_counted;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<ObjectInfo> page, objects(after, 256));
    if (page.empty()) break;
    for (const ObjectInfo& object : page) {
      RETURN_IF_ERROR(impl_->verify(object, texts_counted));
      found.push_back(object.index);
      digest.add(object.digest);
      cells += object.cells;
    }
    after = page.back().key();
  }
  RETURN_IF_ERROR(impl_->verify_gone(found));
  // A walk over the names would miss rows that belong to no name.
  const std::int64_t slots = impl_->scan.rows_met() - met;
  ASSIGN_OR_RETURN(const std::int64_t rows, impl_->rows.count());
  const CellTotals& totals = impl_->objects.totals();
  if (texts_counted != impl_->texts.totals()) {
    return impl_->database.corrupt("the counts of texts and of their edits are not as stored");
  }
  if (rows == slots && digest == totals.digest && cells == totals.cells) return {};
  return impl_->database.corrupt(std::to_string(rows) + " rows of cells, " + std::to_string(slots) +
                                 " reached by name; digest " + digest.hex() + " of the objects, " +
                                 totals.digest.hex() + " in total");
}

base::Status CellTable::Impl::verify(const crdt::Slot& slot, crdt::Digest& digest) {
  ASSIGN_OR_RETURN(const auto row, texts.find(slot));
  ASSIGN_OR_RETURN(const crdt::Sequence* text, texts.open(slot));
  crdt::TextDigest hash(slot);
  crdt::Digest sum;
  std::uint64_t elements = 0;
  text->visit(std::nullopt, [&](const crdt::TextRun& run) {
    sum.add(hash.of(run));
    elements += run.size();
    return true;
  });
  digest.add(sum);
  if (row && elements == row->elements && sum == row->digest) return {};
  return database.corrupt("text of object " + slot.object + ": " + std::to_string(elements) +
                          " elements with digest " + sum.hex() + ", not as stored");
}

// Names of objects that have no cells any more wait for the fold that deletes them.
base::Status CellTable::Impl::verify_gone(const std::vector<std::int64_t>& objects_found) {
  std::vector<std::int64_t> known = objects_found;
  std::sort(known.begin(), known.end());
  base::Bytes from;
  for (;;) {
    const auto name = memtables.overlay().name_from(from);
    if (!name) return {};
    const std::int64_t object = object_of(*name);
    from = after_all_below(object_key(object));
    if (std::binary_search(known.begin(), known.end(), object)) continue;
    ASSIGN_OR_RETURN(const bool any, scan.any(object, SIZE_MAX));
    if (any)
      return database.corrupt("cells of object " + std::to_string(object) + ", which is gone");
  }
}

base::Status CellTable::Impl::verify(const ObjectInfo& object, TextTotals& counted) {
  std::int64_t cells = 0;
  crdt::Digest digest;
  const auto add = [&](const SlotRow& row) {
    for (const crdt::Cell& cell : row.cells) {
      ++cells;
      digest.add(crdt::cell_element(row.slot, cell));
    }
    return true;
  };
  const auto visited = scan.slots(object, {}, add);
  if (!visited.ok()) return visited.error();
  std::vector<crdt::Slot> found;
  RETURN_IF_ERROR(texts.visit(object, {}, [&](const crdt::Slot& slot, const TextRow& row) {
    found.push_back(slot);
    cells += static_cast<std::int64_t>(row.elements);
    ++counted.texts;
    if (!row.folded()) ++counted.waiting;
    counted.waiting_changes += row.tail_changes;
    return true;
  }));
  for (const crdt::Slot& slot : found) RETURN_IF_ERROR(verify(slot, digest));
  if (cells == object.cells && digest == object.digest) return {};
  return database.corrupt("object " + object.name + ": " + std::to_string(cells) +
                          " cells with digest " + digest.hex() + ", stored " +
                          std::to_string(object.cells) + " with " + object.digest.hex());
}

}  // namespace store
