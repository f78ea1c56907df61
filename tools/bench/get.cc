#include <fmt/format.h>

#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/import.h"
#include "tools/bench/load.h"
#include "tools/probe/http_connection.h"

namespace bench {

base::Result<Report> run_get(const Common& common, const GetOptions& options) {
  ASSIGN_OR_RETURN(auto filled, start_filled(common, "reads", options.keys));
  Agent& agent = *filled.agent;

  Load load;
  load.address = agent.http();
  load.connections = options.connections;
  load.threads = options.threads;
  load.seconds = options.seconds;
  load.next_request = [&](base::Random& random) {
    auto number = random.below(static_cast<std::uint64_t>(options.keys));
    return probe::request_text("GET", "/v1/objects/snapshots/" + entry_name(number), agent.http());
  };
  ASSIGN_OR_RETURN(auto result, run_load(load));
  agent.stop();
  if (result.refused > 0) {
    return base::Error{base::Code::kUnavailable,
                       fmt::format("{} reads were refused", result.refused)};
  }
  Report report("get", {"connections", "threads", "keys", "requests_per_s", "median_ms", "p99_ms",
                        "worst_ms"});
  const Summary& latency = result.latency_millis;
  report.add({options.connections, options.threads, options.keys, result.per_second, latency.median,
              latency.p99, latency.worst});
  return report;
}

}  // namespace bench
