#pragma once

// A state join between two replicas in this process. One has a full store, the other the same store
// without the last changes. No socket is measured, but every page is encoded and decoded. For
// comparison: plain batched inserts of the same changes.

#include <cstdint>
#include <string>

#include "crdt/base/result.h"
#include "tools/bench/store_work.h"

namespace bench {

struct JoinResult {
  double raw_seconds = 0;
  double seconds = 0;        // the whole join
  double merge_seconds = 0;  // the last turn of the join
  std::uint64_t cells = 0;   // cells of the snapshot
  std::uint64_t page_bytes = 0;
  std::uint64_t payload_bytes = 0;  // names and values of these cells
  std::uint64_t memory_growth = 0;  // growth of the resident set during the join
};

base::Result<JoinResult> measure_join(const StoreWork& work);

}  // namespace bench
