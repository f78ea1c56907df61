#pragma once

// The table of texts: the key of a place (store/entry_key.h) → the id and the figures of the text
// there. Its letters and skeleton are in the table of blocks, under this id. A text is never
// removed: its skeleton stays (docs/storage.md).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crdt/digest.h"
#include "store/database.h"

namespace store {

struct TextRow {
  std::int64_t id = 0;
  std::uint64_t elements = 0;  // that were ever inserted
  crdt::Digest digest;         // of all elements
  std::uint32_t next_block = 1;
  std::uint32_t tail = 0;          // rows with edits since the last fold
  std::uint32_t tail_changes = 0;  // changes in them
  bool folded() const { return tail == 0; }
};

class TextRows {
 public:
  explicit TextRows(Database& database);

  base::Result<std::optional<TextRow>> find(base::BytesView key);
  // Inserts the row or replaces it.
  base::Status put(base::BytesView key, const TextRow& row);
  base::Result<std::int64_t> last_id();
  // The rows with from <= key < bound, in order, until the visitor returns false. No cursor is open
  // while the visitor runs.
  using Visitor = std::function<bool(const base::Bytes& key, const TextRow& row)>;
  base::Status visit(base::BytesView from, base::BytesView bound, const Visitor& visitor);

 private:
  base::Result<TextRow> parse(base::BytesView key, const Loan& row) const;

  Database& database_;
  Query select_;
  Query next_;
  Query upsert_;
  Query last_;
};

}  // namespace store
