#include <fmt/format.h>

#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/http_connection.h"
#include "tools/bench/import.h"
#include "tools/bench/load.h"

namespace bench {

base::Result<Report> run_get(const Common& common, const GetOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  ASSIGN_OR_RETURN(auto agent, Agent::start(setup, "reads", "", folder));
  RETURN_IF_ERROR(agent->wait_serving());
  RETURN_IF_ERROR(agent->wait_ready());
  RETURN_IF_ERROR(import_entries(*agent, options.keys));

  Load load;
  load.address = agent->http();
  load.connections = options.connections;
  load.threads = options.threads;
  load.seconds = options.seconds;
  load.next_request = [&](base::Random& random) {
    auto number = random.below(static_cast<std::uint64_t>(options.keys));
    return request_text("GET", "/v1/objects/snapshots/" + entry_name(number), agent->http());
  };
  ASSIGN_OR_RETURN(auto result, run_load(load));
  agent->stop();
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
