#pragma once

// Merging remote changes into a large store, beside raw batched upserts of the same rows under the
// same pragmas. The workload is the one of docs/storage.md's measurements: 4 fields an entry,
// values of 75 to 150 bytes, half updates of uniform random slots, half new entries, 32 actors.
// Runs the replica inside this process: no socket and no other thread is in the figure.

#include <cstdint>
#include <string>

#include "crdt/base/result.h"

namespace bench {

struct MergeWork {
  std::string folder;  // on the disk to be measured
  std::uint64_t entries =
      250'000;  // of 4 fields: 1,000,000 cells, and 500,000 of presence and reset
  std::uint64_t changes = 100'000;
  std::uint64_t batch = 1'000;  // changes a commit
};

struct MergeSide {
  double changes_per_second = 0;
  double kilobytes_written = 0;  // a change, by wchar of /proc/self/io
  double commit_millis_p99 = 0;
};

struct MergeResult {
  MergeSide replica;
  MergeSide raw;
  double bytes_per_cell = 0;  // of the replica's file, before the merge
};

base::Result<MergeResult> measure_merge(const MergeWork& work);

}  // namespace bench
