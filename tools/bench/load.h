#pragma once

// A closed loop: a number of connections, each of which sends its next request as soon as it has
// the answer to the last one. One epoll loop in each thread; the connections are divided evenly.

#include <cstdint>
#include <functional>
#include <string>

#include "crdt/base/random.h"
#include "crdt/base/result.h"
#include "tools/bench/summary.h"

namespace bench {

struct Load {
  std::string address;
  int connections = 1;
  int threads = 1;
  double seconds = 10;
  // Makes the whole text of a request. Called from several threads, each with its own Random.
  std::function<std::string(base::Random&)> next_request;
};
struct LoadResult {
  double per_second = 0;
  std::uint64_t refused = 0;  // answers other than 200; they are not counted above
  Summary latency_millis;
};
base::Result<LoadResult> run_load(const Load& load);

}  // namespace bench
