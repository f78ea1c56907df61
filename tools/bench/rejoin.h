#pragma once

// The bytes that an agent receives when it comes back after missing some changes: over the log, and
// by a state join. Two replicas in this process; the messages are encoded and compressed as on a
// session, and the frame around them (some 20 bytes each) is left out.

#include <cstdint>

#include "crdt/base/result.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/work_folder.h"

namespace bench {

struct RejoinResult {
  std::uint64_t changes = 0;        // that were missed
  std::uint64_t missing_bytes = 0;  // ids and new values of these changes
  std::uint64_t log_bytes = 0;
  std::uint64_t join_bytes = 0;
  std::uint64_t whole_bytes = 0;  // of a join that asks for whole objects
};

base::Result<RejoinResult> measure_rejoin(const RejoinOptions& options, const WorkFolder& folder);

}  // namespace bench
