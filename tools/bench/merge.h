#pragma once

// Merges received changes into a large store; for comparison, plain batched upserts of the same
// rows with the same pragmas. The workload is that of the measurements in docs/storage.md: entries
// with 4 fields, values of 75 to 150 bytes, half of the changes update random slots, half add
// entries, 32 actors. The replica runs inside this process: no socket and no other thread is
// measured. It begins and ends with nothing in its memtable: folding what is left counts.

#include <cstdint>
#include <string>

#include "crdt/base/result.h"
#include "store/store.h"
#include "tools/bench/store_work.h"

namespace bench {

struct MergeSide {
  double changes_per_second = 0;
  double kilobytes_written = 0;  // for each change, by wchar of /proc/self/io
  double commit_millis_p99 = 0;
};

// What this process has given to write calls so far (wchar of /proc/self/io).
std::uint64_t bytes_written();

struct MergeResult {
  MergeSide replica;
  MergeSide raw;
  double bytes_per_cell = 0;  // size of the replica's file before the merge, for each cell
};

// One bounded step of moving what is in the memtable to its places, as at rest.
base::Status fold_step(store::Store& store);

base::Result<MergeResult> measure_merge(const StoreWork& work);

}  // namespace bench
