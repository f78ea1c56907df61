#include "tools/bench/benchmarks.h"
#include "tools/bench/join.h"
#include "tools/bench/work_folder.h"

namespace bench {

base::Result<Report> run_join(const Common& common, const MergeOptions& options) {
  Report report("join", {"run", "raw_s", "join_s", "merge_turn_s", "ratio_to_raw", "cells_s",
                         "bytes_over_payload", "memory_mb"});
  for (int i = 0; i < options.repeats; ++i) {
    ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
    ASSIGN_OR_RETURN(JoinResult result, measure_join(StoreWork(options, folder)));
    report.add({std::to_string(i + 1), result.raw_seconds, result.seconds, result.merge_seconds,
                result.seconds / result.raw_seconds,
                static_cast<double>(result.cells) / result.seconds,
                static_cast<double>(result.page_bytes) / static_cast<double>(result.payload_bytes),
                static_cast<double>(result.memory_growth) / 1e6});
  }
  report.note(std::to_string(options.changes) + " changes missed by a store of " +
              std::to_string(options.cells) +
              " field cells; both sides in one process; raw: the same changes as batched upserts");
  return report;
}

}  // namespace bench
