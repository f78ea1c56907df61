#pragma once

// Every bound of the store (rule 11), and the settings of its file that the host decides.

#include <cstdint>
#include <memory>
#include <string>

#include "store/closed_table.h"
#include "store/memtable_version.h"

namespace store {

// The most that Options::fold_changes may be: so many rows of edits are read to open a text.
inline constexpr std::uint32_t kFoldChangesMax = 10'000;

struct Options {
  // The changes of the log take at most this much in the file, compressed as they are there;
  // pruning raises the floors (rule 7).
  std::uint64_t log_bytes_max = 256ull << 20;
  // Rows pruned in one turn at most, so that pruning never stalls a commit.
  std::uint32_t prune_rows_max = 4096;
  std::int64_t cache_kib = 16'384;        // page cache of the writing connection
  std::int64_t reader_cache_kib = 2'048;  // of each read-only connection
  // 16,000 pages (64 MB of write-ahead log) give 1.5 times the rate of the default of 1,000.
  std::int64_t wal_pages = 16'000;
  // At rest the write-ahead log takes at most this much on the medium. Under load it grows to
  // `wal_pages`, and above that while a reader holds it.
  std::int64_t wal_rest_bytes = 4ll << 20;
  // When the agent rests, the file gets smaller until so many of its pages are free: one in
  // `free_share_rest`, at least `free_pages_rest_min` and at most `free_pages_rest`. They are room
  // for what is written next. One call of Store::rest() gives back `vacuum_pages` at most.
  std::int64_t free_pages_rest = 256;
  std::int64_t free_pages_rest_min = 16;
  std::int64_t free_share_rest = 16;
  std::int64_t vacuum_pages = 256;
  // Closed actors that were closed or changed lately stand unpacked in memory. When there are more
  // than these, all of them move into a new packed table, which takes a few milliseconds.
  std::size_t closed_loose_max = 256;
  // The closed actors in memory: one copy for all connections that are opened with copies of these
  // options.
  std::shared_ptr<ClosedShare> closed = std::make_shared<ClosedShare>();
  // A text is folded into its blocks when so many changes of it are only in rows of edits.
  // Meta::compaction takes its place when a client has set it.
  std::uint32_t fold_changes = 100;
  // The size of a block of a text: it grows to so many runs, or bytes of letters.
  std::size_t text_block_runs = 1'024;
  std::size_t text_block_bytes = 16'384;
  // What stays in memory of texts after they were edited, together; above: the one that was used
  // longest ago is closed.
  std::size_t texts_open_bytes = 32u << 20;
  // Cells that were changed lately are in memory and in the table `recent`, and are folded into
  // their places many at a time (store/memtables.h). A fold begins at so many entries or bytes in
  // memory. While it goes on, half as many again come beside them, so the memory is at most 1.5
  // times these bytes (with the versions that readers still use: 3 times). 0 slots: every commit
  // writes its cells into their places.
  std::size_t memtable_slots = 65'536;
  std::size_t memtable_bytes = 12u << 20;
  // Larger cells, and what a transaction changes above these bounds, go into their places at once.
  std::size_t memtable_cells_bytes = 4'096;
  std::size_t memtable_turn_slots = 16'384;
  std::size_t memtable_turn_bytes = 4u << 20;
  // What one commit folds, or twice what it brings if that is more.
  std::size_t memtable_fold_slots = 512;
  std::size_t memtable_fold_bytes = 1u << 20;
  // When so many calls of Store::rest() have seen no new cells, each folds what is left, up to
  // these bounds, until nothing is in memory.
  std::uint32_t memtable_rest_calls = 10;
  std::size_t memtable_rest_slots = 4'096;
  std::size_t memtable_rest_bytes = 2u << 20;
  // The versions that the writer has made: one place for all connections that are opened with
  // copies of these options.
  std::shared_ptr<MemtableShare> memtables = std::make_shared<MemtableShare>();
  std::string vfs;  // tests name a VFS that injects faults
};

}  // namespace store
