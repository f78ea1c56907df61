#pragma once

// The table of blocks: what does not fit the form of cells, under (owner, number). Meant for the
// skeletons and checkpoints of sequences. Every row has a checksum, which is checked when the row
// is read: a bad row is kCorrupt and never served. Works on a writing or a read-only connection;
// the functions that write CHECK that a transaction is open.

#include <cstdint>
#include <functional>
#include <optional>

#include "crdt/base/bytes.h"
#include "store/database.h"

namespace store {

class Blocks {
 public:
  static constexpr std::size_t kBytesMax = 16u << 20;  // of one block; above: kTooLarge

  explicit Blocks(Database& database);

  base::Result<std::optional<base::Bytes>> get(std::int64_t owner, std::int64_t number);
  // The blocks of an owner in order of number, from `from` on, until the visitor returns false. No
  // cursor is open while the visitor runs, so it may read and write.
  using Visitor = std::function<bool(std::int64_t number, base::BytesView content)>;
  base::Status visit(std::int64_t owner, std::int64_t from, const Visitor& visitor);
  base::Result<std::int64_t> count();                    // of all owners
  base::Result<std::int64_t> bytes(std::int64_t owner);  // of all blocks of this owner

  base::Status put(std::int64_t owner, std::int64_t number, base::BytesView content);
  base::Status erase(std::int64_t owner, std::int64_t number);  // also if there is none
  base::Status erase_all(std::int64_t owner);

 private:
  Database& database_;
  Query select_;
  Query next_;
  Query count_;
  Query bytes_;
  Query upsert_;
  Query erase_;
  Query erase_all_;
};

}  // namespace store
