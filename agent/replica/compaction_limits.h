#pragma once

// Bounds of a compaction and of the folding at rest.

#include <cstdint>

#include "store/texts.h"

namespace agent {

struct CompactionLimits {
  bool automatic = true;    // unless a client has set it (store::Meta::compaction)
  store::FoldLimits asked;  // one step of a Compact
  // One step at rest, once a second: texts that were not edited for ten seconds.
  store::FoldLimits rest{256, 1'024, 1u << 20, 10};
  std::uint32_t pause = 60;  // seconds without a step after one that failed
};

}  // namespace agent
