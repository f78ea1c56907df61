#pragma once

// The types through agent::Replica and SQLite, in the process of the benchmark.

#include <cstdint>
#include <string>

#include "crdt/base/result.h"
#include "tools/bench/types/history.h"
#include "tools/bench/types/same_rows.h"

namespace bench {

struct TypingResult {
  std::size_t changes = 0;
  Spent spent;
  double bytes_per_change = 0;  // that the process wrote, of a change
  std::uint64_t file_bytes = 0;
  bool ok = false;  // the text at the end is the expected one, and the digest that of the rows
};
// A trace of one agent, typed with one change for each patch, `batch` changes a commit. `folder` is
// on the disk that is measured and ends with a slash.
base::Result<TypingResult> measure_typing(const History& history, std::size_t batch,
                                          const std::string& folder);

struct SetResult {
  Spent replica;  // `elements` adds, one change each, `batch` a commit
  Spent raw;      // the same rows inserted by plain SQLite, in the same batches
  bool ok = false;
};
base::Result<SetResult> measure_set(std::size_t elements, std::size_t batch,
                                    const std::string& folder);

}  // namespace bench
