#include "store/memtables.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "crdt/base/check.h"

namespace store {
namespace {

// After a fold has failed (a full disk, a damaged row), so many commits do without. They have room
// where a slice has none, and stay possible beside one damaged row.
constexpr std::uint32_t kCommitsPaused = 64;
// Above so many times its bounds the memtable takes no more, and the error of the fold is that of
// the commit.
constexpr std::size_t kOverfull = 2;

}  // namespace

Memtables::Memtables(Database& database, const Options& options)
    : options_(options), rows_(database), meta_(database) {}

base::Status Memtables::load() {
  reset();
  ASSIGN_OR_RETURN(const RecentName name, rows_.name());
  if (name == state_.version.name) return {};
  ASSIGN_OR_RETURN(CellFold fold, meta_.cell_fold());
  ASSIGN_OR_RETURN(state_, read_all(name, fold.upto));
  state_.fold = std::move(fold);
  next_ = state_;
  overlay_.set_version(next_.version);
  if (name.last != 0) options_.memtables->put(next_.version);
  return {};
}

base::Status Memtables::refresh() {
  ASSIGN_OR_RETURN(const RecentName name, rows_.name());
  if (name == overlay_.version().name) return {};
  overlay_.set_version({});
  if (name.last == 0) return {};
  auto known = options_.memtables->find(name);
  if (!known) {
    ASSIGN_OR_RETURN(State read, read_all(name, 0));
    known = std::move(read.version);
  }
  overlay_.set_version(std::move(*known));
  return {};
}

void Memtables::pause() {
  const MemtableVersion& version = overlay_.version();
  paused_version_ = {version.name, version.active, version.frozen, version.active != nullptr,
                     version.frozen != nullptr};
  overlay_.set_version({});
}

base::Status Memtables::resume() {
  const Paused& paused = paused_version_;
  MemtableVersion version{paused.name, paused.active.lock(), paused.frozen.lock()};
  const bool whole = (version.active != nullptr) == paused.has_active &&
                     (version.frozen != nullptr) == paused.has_frozen;
  if (!whole) return refresh();
  overlay_.set_version(std::move(version));
  return {};
}

base::Result<Memtables::State> Memtables::read_all(const RecentName& name, std::int64_t upto) {
  State state;
  state.version.name = name;
  state.position = name.last;
  state.sum = name.sum;
  std::shared_ptr<Memtable> frozen;
  RETURN_IF_ERROR(rows_.read([&](std::int64_t position) -> Memtable& {
    auto& table = position <= upto ? frozen : state.active;
    if (!table) table = std::make_shared<Memtable>(options_.memtable_slots);
    return *table;
  }));
  state.version.active = state.active;
  state.version.frozen = frozen;
  return state;
}

std::size_t Memtables::slots() const {
  const MemtableVersion& version = state_.version;
  return (version.active ? version.active->entries() : 0) +
         (version.frozen ? version.frozen->entries() : 0);
}

std::size_t Memtables::bytes() const {
  const MemtableVersion& version = state_.version;
  return (version.active ? version.active->bytes() : 0) +
         (version.frozen ? version.frozen->bytes() : 0);
}

// A slot that is here must stay here, because it hides its row. What a transaction may add beside
// is bounded: a large one writes into the file at once.
bool Memtables::takes(CellKey key, std::size_t cells_bytes) const {
  if (overlay_.find(key)) return true;
  if (options_.memtable_slots == 0 || cells_bytes > options_.memtable_cells_bytes) return false;
  return overlay_.pending().size() < options_.memtable_turn_slots &&
         pending_bytes_ < options_.memtable_turn_bytes;
}

// Rows of `recent` that are folded and not deleted yet would hide the newer row after a crash.
base::Status Memtables::make_way() {
  if (next_.fold.upto == 0 || next_.version.frozen) return {};
  changed_ = true;
  return trim(SIZE_MAX);
}

void Memtables::save(CellKey key, std::optional<base::Bytes> cells) {
  pending_bytes_ += key.name.size() + (cells ? cells->size() : 0);
  const auto known = overlay_.pending().find(key);
  if (known != overlay_.pending().end()) {
    known->second = std::move(cells);
  } else {
    overlay_.pending().emplace(KeptCellKey{base::Bytes(key.name), key.lane}, std::move(cells));
  }
}

base::Status Memtables::flush(CellWriter& writer) {
  const Slice slice{std::max(options_.memtable_fold_slots, 2 * overlay_.pending().size()),
                    std::max(options_.memtable_fold_bytes, 2 * pending_bytes_)};
  if (!overlay_.pending().empty()) {
    if (paused_ > 0) --paused_;
    RETURN_IF_ERROR(append());
    if (fold_is_due()) RETURN_IF_ERROR(fold(writer, slice));
  }
  return changed_ ? publish() : base::Status();
}

base::Status Memtables::append() {
  const std::int64_t position = next_.position + 1;
  ASSIGN_OR_RETURN(next_.sum, rows_.append(position, next_.sum, overlay_.pending()));
  next_.position = position;
  RecentName& name = next_.version.name;
  name = {name.first == 0 ? position : name.first, position, next_.sum};
  changed_ = true;
  return {};
}

// The entries come into the table before COMMIT, so a reader finds them from then on. Readers of
// older snapshots pass over them.
base::Status Memtables::publish() {
  if (next_.fold != state_.fold) RETURN_IF_ERROR(meta_.write(next_.fold));
  PendingSlots& pending = overlay_.pending();
  if (!pending.empty() && !next_.active) {
    next_.active = std::make_shared<Memtable>(std::max(options_.memtable_slots, pending.size()));
    next_.version.active = next_.active;
  }
  for (const auto& [key, cells] : pending) next_.active->insert(key, next_.position, cells);
  pending.clear();
  pending_bytes_ = 0;
  overlay_.set_version(next_.version);
  if (next_.version.name.last != 0) options_.memtables->put(next_.version);
  return {};
}

bool Memtables::fold_is_due() const {
  const auto holds = [&](std::size_t times) {
    return next_.active && (next_.active->entries() >= times * options_.memtable_slots ||
                            next_.active->bytes() >= times * options_.memtable_bytes);
  };
  if (paused_ > 0) return holds(kOverfull);
  return next_.fold.upto != 0 || holds(1);
}

void Memtables::freeze() {
  next_.fold.upto = state_.position;  // what this transaction adds goes into the new table
  next_.version.frozen = std::exchange(next_.active, nullptr);
  next_.version.active = nullptr;
  next_.fold.name.clear();
  next_.fold.lane = 0;
  changed_ = true;
}

base::Status Memtables::fold(CellWriter& writer, const Slice& slice) {
  if (next_.fold.upto == 0) freeze();
  folded_ = true;
  changed_ = true;
  if (next_.version.frozen) RETURN_IF_ERROR(fold_slots(writer, slice));
  // When the last slice is folded, at least one row goes with the frozen table: no other version
  // has the same name.
  return next_.version.frozen ? base::Status() : trim(options_.memtable_fold_bytes);
}

base::Status Memtables::fold_slots(CellWriter& writer, const Slice& slice) {
  const Memtable& frozen = *next_.version.frozen;
  const std::int64_t last = next_.fold.upto;
  const Memtable::Entry* entry = frozen.seek({next_.fold.name, next_.fold.lane}, last);
  std::size_t bytes = 0;
  for (std::size_t slots = 0; entry && slots < slice.slots && bytes < slice.bytes; ++slots) {
    const CellKey key = entry->key();
    const auto newest = overlay_.find(key);
    CHECK(newest);
    if (newest->cells) {
      RETURN_IF_ERROR(writer.put(key, *newest->cells));
      bytes += newest->cells->size();
    } else {
      RETURN_IF_ERROR(writer.erase_if_there(key));
    }
    bytes += key.name.size();
    do {
      entry = frozen.next(*entry, last);
    } while (entry && entry->key() == key);
  }
  if (entry) {
    next_.fold.name = entry->name();
    next_.fold.lane = entry->lane();
  } else {
    next_.version.frozen = nullptr;
  }
  return {};
}

base::Status Memtables::trim(std::size_t bytes_max) {
  ASSIGN_OR_RETURN(const std::int64_t left, rows_.trim(next_.fold.upto, bytes_max));
  RecentName& name = next_.version.name;
  name.first = left;
  if (left == 0) {
    name = {};
    next_.active = nullptr;
    next_.version.active = nullptr;
  }
  if (left == 0 || left > next_.fold.upto) next_.fold = {};
  return {};
}

bool Memtables::rests() {
  if (paused_ > 0) --paused_;
  calm_ = std::exchange(seen_, state_.position) == state_.position ? calm_ + 1 : 0;
  return paused_ == 0 && state_.version.name.last != 0 && calm_ >= options_.memtable_rest_calls;
}

base::Status Memtables::fold_at_rest(CellWriter& writer) {
  RETURN_IF_ERROR(fold(writer, {options_.memtable_rest_slots, options_.memtable_rest_bytes}));
  return publish();
}

void Memtables::committed() {
  if (!changed_) return;
  if (state_.active) state_.active->keep();
  if (next_.active) next_.active->keep();
  state_ = next_;
  changed_ = false;
  folded_ = false;
  if (state_.version.name.last == 0) options_.memtables->clear();
}

void Memtables::undo() {
  if (folded_) paused_ = kCommitsPaused;
  if (state_.active) state_.active->undo();
  if (next_.active) next_.active->undo();
  reset();
}

void Memtables::reset() {
  folded_ = false;
  changed_ = false;
  next_ = state_;
  overlay_.pending().clear();
  pending_bytes_ = 0;
  overlay_.set_version(next_.version);
}

}  // namespace store
