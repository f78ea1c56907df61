#pragma once

// Live cells by slot. The one interface to cells: variant C of research/store.md behind it
// (interned entry names, cells by integer id, the live cells of a slot packed in one row), variant
// D may follow. docs/storage.md has the row formats. Every row carries a checksum, checked when
// read: a bad one is kCorrupt, never served. Works on a writing or a read-only connection; the
// writing half CHECKs that a transaction is open.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "crdt/cell.h"
#include "crdt/map.h"
#include "store/database.h"

namespace store {

// A slot as loaded: change `cells`, then save().
struct SlotRow {
  crdt::Slot slot;
  crdt::Cells cells;
  std::int64_t id = 0;  // 0: the slot has no row id yet
  bool stored = false;  // the row exists
};

struct ObjectInfo {
  std::int64_t index = 0;
  std::string name;
  crdt::SlotType type = crdt::SlotType::kMap;
  std::int64_t cells = 0;
  crdt::Digest digest;
};

class CellTable {
 public:
  explicit CellTable(Database& database);
  ~CellTable();
  base::Status load();  // objects, field lanes, next ids

  // Reading.
  base::Result<SlotRow> load_slot(const crdt::Slot& slot);
  base::Result<crdt::Entry> entry(std::string_view object, std::string_view id);
  // Entries of a map in order of id (bytes), strictly after `after`, until the visitor returns
  // false. Entries without presence are visited too: the caller judges.
  base::Status scan(std::string_view object, std::string_view after,
                    const std::function<bool(const crdt::Entry&)>& visit);
  // Every slot below a path of an object, in order of path; for inspection and digests.
  base::Status scan_slots(std::string_view object, const std::vector<std::string>& path,
                          const std::function<bool(const SlotRow&)>& visit);
  base::Result<std::vector<ObjectInfo>> objects(std::string_view after, std::size_t limit);
  const ObjectInfo* object(std::string_view name, crdt::SlotType type) const;

  // Writing, inside a transaction. save() with no cells deletes the row, and the entry's name with
  // the last of its rows. account() moves the object's cell count and digest; flush() writes them.
  base::Status save(SlotRow& row);
  base::Status account(const crdt::Slot& slot, std::int64_t cells,
                       const crdt::Digest& digest_before, const crdt::Digest& digest_after);
  base::Status flush();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
