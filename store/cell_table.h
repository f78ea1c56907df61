#pragma once

// Live cells by slot, and texts. This is the only interface to cells. Entry names are interned,
// cells have integer ids, and the live cells of a slot are packed in one row; docs/storage.md has
// the row formats. Every row has a checksum, which is checked when the row is read: a bad row is
// kCorrupt and never served. Works on a writing or a read-only connection; functions that write
// CHECK that a transaction is open.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/catalog/entry.h"
#include "crdt/cell.h"
#include "crdt/snapshot.h"
#include "store/actors.h"
#include "store/database.h"
#include "store/objects.h"
#include "store/slot_row.h"
#include "store/texts.h"

namespace store {

class CellTable {
 public:
  // Cells store the actors of their dots as the numbers that `actors` gives.
  CellTable(Database& database, Actors& actors, const Options& options);
  ~CellTable();
  base::Status load();     // totals, field lanes, next ids
  base::Status refresh();  // for a reader: its snapshot has changed

  // Reading.
  base::Result<SlotRow> load_slot(const crdt::Slot& slot);
  base::Result<crdt::Cells> cells_at(const std::string& object,
                                     const std::vector<std::string>& path, crdt::SlotType type);
  base::Result<crdt::Entry> entry(std::string_view object, std::string_view id);
  // The entries of a map in order of id (bytes), strictly after `after` (nullopt: from the first),
  // until the visitor returns false. Entries without presence are visited too; the caller decides.
  // No cursor is open while the visitor runs, so it may read and write.
  base::Status scan(std::string_view object, std::optional<std::string_view> after,
                    const std::function<bool(const crdt::Entry&)>& visit);
  // Every slot at or below a path of an object, in order of path and type; for inspection and
  // digests. Objects of several types under one name follow each other by type.
  base::Status scan_slots(std::string_view object, const std::vector<std::string>& path,
                          const std::function<bool(const SlotRow&)>& visit);
  // Every slot of one object strictly after `after` (null: from the first), in order of path and
  // type. This is the order of crdt::compare_slots, wherever the slots are stored. The visitor may
  // save slots up to the one that it gets.
  base::Status scan_object(const ObjectInfo& object, const crdt::Slot* after,
                           const std::function<bool(SlotRow&)>& visit);
  // At most `limit` objects in order of (name, type), strictly after `after` (nullopt: from the
  // first), or from `first` on. A page may end between two types of one name.
  base::Result<std::vector<ObjectInfo>> objects(const std::optional<crdt::ObjectKey>& after,
                                                std::size_t limit);
  base::Result<std::vector<ObjectInfo>> objects_from(const crdt::ObjectKey& first,
                                                     std::size_t limit);
  // Null when there is no such object or its row cannot be read; find_object() tells which. The
  // pointer is valid until the next call.
  const ObjectInfo* object(std::string_view name, crdt::SlotType type) const;
  base::Result<const ObjectInfo*> find_object(std::string_view name, crdt::SlotType type) const;
  const crdt::Digest& total_digest() const;  // the sum over all objects
  std::int64_t total_cells() const;
  std::int64_t total_objects() const;  // as of the last flush()
  // Computes counts and digests again from all rows. kCorrupt names what differs.
  base::Status verify();

  base::Result<std::size_t> types_of(std::string_view object);  // objects that have this name
  // The slots of all texts of this name at or below a path, in order of path.
  base::Result<std::vector<crdt::Slot>> text_slots(std::string_view object,
                                                   const std::vector<std::string>& path);
  // The texts among the slots. Their figures are part of counts and digests of the objects.
  Texts& texts();

  // Writing, inside a transaction. save() without cells deletes the row, and with the last row of
  // an entry its name. account() changes the object's cell count and digest; flush() writes them.
  base::Status save(SlotRow& row);
  base::Status account(const crdt::Slot& slot, std::int64_t cells,
                       const crdt::Digest& digest_before, const crdt::Digest& digest_after);
  base::Status account(const crdt::ObjectKey& object, std::int64_t cells,
                       const crdt::Digest& digest_before, const crdt::Digest& digest_after);
  base::Status flush();
  bool touched() const;  // memory differs from the state that load() read
  void committed();
  void undo();  // after a rollback, before load()

  // Cells that were saved lately are in memory and in the table `recent` (store/memtables.h).
  std::size_t slots_in_memory() const;
  std::size_t bytes_in_memory() const;
  // True if fold_at_rest() has something to do: a bounded step, inside a transaction. Call it about
  // once a second.
  bool rests();
  base::Status fold_at_rest();
  // Of a reader: frees what only it has in memory, until refresh() or, if the snapshot is the same
  // again, resume().
  void pause();
  base::Status resume();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
