#pragma once

// Every bound of the store (rule 11), and the settings of its file that the host decides.

#include <cstdint>
#include <memory>
#include <string>

#include "store/closed_table.h"

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
  std::string vfs;  // tests name a VFS that injects faults
};

}  // namespace store
