#pragma once

// The load generator wrk (Debian package) as a process: connections that are kept alive, each with
// its next request as soon as it has the answer.

#include <string>

#include "crdt/base/result.h"

namespace bench {

struct WrkLoad {
  std::string program;
  std::string url;
  double seconds = 1;  // rounded to whole seconds, at least 1
  std::string log;     // a new file
};
struct WrkResult {
  double per_second = 0;
  double client_cores = 0;  // processor time of wrk, which has one thread
};
// An error if an answer was no success, or a connection failed.
base::Result<WrkResult> run_wrk(const WrkLoad& load);
// What the output of wrk says; 0 cores.
base::Result<WrkResult> wrk_result_in(const std::string& output);

}  // namespace bench
