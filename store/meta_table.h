#pragma once

// The table of single-row facts, grouped by how often they change. Some rows exist only when there
// is something to say, such as that of a repair. A row is written only when it changed.

#include <cstdint>
#include <optional>

#include "crdt/digest.h"
#include "store/database.h"
#include "store/meta.h"

namespace store {

struct CellTotals {
  std::int64_t objects = 0;
  std::int64_t cells = 0;
  crdt::Digest digest;
  bool operator==(const CellTotals&) const = default;
};

struct LogTotals {
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;
  bool operator==(const LogTotals&) const = default;
};

struct TextTotals {
  std::uint64_t texts = 0;
  std::uint64_t waiting = 0;          // texts with rows of edits that are not folded
  std::uint64_t waiting_changes = 0;  // changes in these rows
  bool operator==(const TextTotals&) const = default;
};

// How far the fold of `recent` has come (store/memtables.h).
struct CellFold {
  // The rows up to this position are being folded, or are folded and wait for their deletion; 0:
  // there is no fold.
  std::int64_t upto = 0;
  // The key where the next slice begins.
  base::Bytes name;
  std::uint8_t lane = 0;
  bool operator==(const CellFold&) const = default;
};

class MetaTable {
 public:
  explicit MetaTable(Database& database);

  base::Status create();      // the rows of a new database
  base::Result<Meta> load();  // `digest` comes from the totals of the cells
  base::Result<CellTotals> cell_totals();
  base::Result<LogTotals> log_totals();
  base::Result<TextTotals> text_totals();  // zeros before there was a text
  base::Result<CellFold> cell_fold();

  // The digests over the rows of `closed` and of what they say. Absent before there was a row.
  static constexpr std::int64_t kClosedDigest = 6;

  // What changes with every turn is stored in this table, for all owners: the head of an actor, the
  // totals of an object. So a commit writes one page for all of it. The key is one of these bases
  // plus the small number.
  static constexpr std::int64_t kObjects = std::int64_t{1} << 32;
  static constexpr std::int64_t kActors = std::int64_t{2} << 32;
  base::Status put(std::int64_t key, base::BytesView value);
  base::Status erase(std::int64_t key);
  base::Result<std::optional<base::Bytes>> find(std::int64_t key);
  static bool is_sound(std::int64_t key, base::BytesView value, std::int64_t sum);

  base::Status write(const Meta& meta, const Meta& stored);
  base::Status write(const CellTotals& totals);
  base::Status write(const LogTotals& totals);
  base::Status write(const TextTotals& totals);
  base::Status write(const CellFold& fold);

 private:
  base::Result<base::Bytes> get(std::int64_t key);

  Database& database_;
  Query select_;
  Query upsert_;
  Query erase_;
};

}  // namespace store
