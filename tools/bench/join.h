#pragma once

// A state join between two replicas in this process: one has a full store, the other the same store
// without the last changes. No socket is in the figure; every page passes through its bytes.
// Beside it the raw batched inserts of the same changes.

#include <cstdint>
#include <string>

#include "crdt/base/result.h"

namespace bench {

struct JoinWork {
  std::string folder;           // on the disk to be measured
  std::uint64_t entries = 0;    // of 4 fields, that both have
  std::uint64_t changes = 0;    // that one of them has missed
  std::uint64_t batch = 1'000;  // changes a commit
};

struct JoinResult {
  double raw_seconds = 0;
  double seconds = 0;        // the whole join
  double merge_seconds = 0;  // its last turn
  std::uint64_t cells = 0;   // of the snapshot
  std::uint64_t page_bytes = 0;
  std::uint64_t payload_bytes = 0;  // names and values of its cells
  std::uint64_t memory_growth = 0;  // of the resident set during the join
};

base::Result<JoinResult> measure_join(const JoinWork& work);

}  // namespace bench
