#pragma once

// The floor of durable writes: plain SQLite commits rows of the size that one write of an agent
// has, and nothing else. The names and values are those that the writers of the agent send.

#include <string>

#include "crdt/base/random.h"
#include "crdt/base/result.h"
#include "tools/bench/summary.h"

namespace bench {

struct WriteRate {
  double per_second = 0;
  Summary latency_millis;
};

std::string new_write_name(base::Random& random);
std::string new_write_value(base::Random& random);  // characters that need no escape in JSON

// `group` clients wait together: their rows go into one COMMIT (FULL), and all are answered after
// it. The latency is that of a COMMIT.
base::Result<WriteRate> measure_raw_writes(int group, double seconds, const std::string& file);

}  // namespace bench
