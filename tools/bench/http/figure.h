#pragma once

// What a row of `hearsay-bench http` measured, and what all of these rows need.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/work_folder.h"

namespace bench {

// One figure. `hearsay` and `floor` have one value for each run, in the order of the runs, so that
// the two values of a run can be compared.
struct HttpFigure {
  std::string what;
  std::string unit;
  bool more_is_better = false;        // a rate; otherwise a time or a size
  std::optional<double> aim{};        // in the unit
  std::optional<double> aim_ratio{};  // of times: that of Hearsay divided by that of the floor
  std::string beside{};               // the floor; empty: none
  std::vector<double> hearsay{};
  std::vector<double> floor{};
  // Processor time of the load generator a second, in cores, in each run of Hearsay. A client of
  // one thread that is near 1 measures itself.
  std::vector<double> client{};
};
using HttpFigures = std::vector<HttpFigure>;

struct HttpBench {
  const AgentSetup& agents;
  const HttpOptions& options;
  const WorkFolder& folder;
  std::function<void(std::string)> note;

  std::string file(const std::string& name) const { return (folder / name).string(); }
};

// The rows. An error: the row could not be measured. kNotFound: a program that it needs is not
// installed.
base::Result<HttpFigures> measure_sync(const HttpBench& bench);          // durable.cc
base::Result<HttpFigures> measure_write(const HttpBench& bench);         // durable.cc
base::Result<HttpFigures> measure_fan_out(const HttpBench& bench);       // fan_out.cc
base::Result<HttpFigures> measure_keystroke(const HttpBench& bench);     // keystroke.cc
base::Result<HttpFigures> measure_relay(const HttpBench& bench);         // keystroke.cc
base::Result<HttpFigures> measure_get(const HttpBench& bench);           // reads.cc
base::Result<HttpFigures> measure_get_tls(const HttpBench& bench);       // reads.cc
base::Result<HttpFigures> measure_idle_streams(const HttpBench& bench);  // idle.cc

}  // namespace bench
