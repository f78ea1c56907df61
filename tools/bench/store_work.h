#pragma once

// What a benchmark of the store inside this process works on (merge.h, join.h).

#include <cstdint>
#include <string>

#include "tools/bench/benchmarks.h"
#include "tools/bench/work_folder.h"

namespace bench {

struct StoreWork {
  StoreWork(const MergeOptions& options, const WorkFolder& work_folder,
            std::uint64_t changes_a_commit = 1'000)
      : folder((work_folder / "").string()),
        entries(static_cast<std::uint64_t>(options.cells) / 4),
        changes(static_cast<std::uint64_t>(options.changes)),
        batch(changes_a_commit) {}

  std::string folder;     // on the disk that is measured; ends with a slash
  std::uint64_t entries;  // in the store before; each has 4 fields
  std::uint64_t changes;  // that are merged into it
  std::uint64_t batch;    // changes in one commit
};

}  // namespace bench
