#pragma once

// The rows of the table `closed` (docs/storage.md): which actors share a row, reading all of them
// into one ClosedState, and writing those that changed. A digest over all rows stands in `meta`, so
// that a connection sees whether a state that another one has made is that of its own snapshot.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/closed_table.h"
#include "store/database.h"
#include "store/meta_table.h"

namespace store {

class ClosedRows {
 public:
  ClosedRows(Database& database, std::shared_ptr<ClosedShare> share);

  // All closed actors of this snapshot. Reads the rows only if nobody has shared this state.
  base::Result<std::shared_ptr<const ClosedState>> load();

  // These write, in the open transaction.
  static std::int64_t block_of(std::int64_t index);
  // `actors`: all closed ones whose block_of() is `block`, in order of index. None: no row.
  base::Status write(std::int64_t block, const std::vector<ActorEntry>& actors);
  // All rows are written: writes the digest, and shares the state.
  // `vector`: ClosedTable::digest_of all closed actors.
  base::Status finish(std::shared_ptr<const ClosedTable> table, std::vector<ActorEntry> loose,
                      const crdt::Digest& vector);

 private:
  struct Digests {
    crdt::Digest rows;
    crdt::Digest vector;
  };
  base::Result<Digests> stored_digests();  // zero before there was a row
  base::Result<std::shared_ptr<const ClosedState>> read_all(const Digests& stored);
  void note(std::int64_t block, const std::optional<crdt::Digest>& digest);

  Database& database_;
  std::shared_ptr<ClosedShare> share_;
  MetaTable meta_;
  Query select_;
  Query upsert_;
  Query erase_;
  // A connection that only reads shares them with others; the first write makes a copy.
  std::shared_ptr<const ClosedState::Blocks> shared_blocks_;
  ClosedState::Blocks blocks_;
  bool written_ = false;
  crdt::Digest digest_;
};

}  // namespace store
