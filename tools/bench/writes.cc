#include <fmt/format.h>

#include "crdt/base/random.h"
#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/load.h"
#include "tools/bench/raw_writes.h"
#include "tools/probe/http_connection.h"

namespace bench {
namespace {

base::Result<WriteRate> measure_agent(const Agent& agent, int clients, double seconds) {
  Load load;
  load.address = agent.http();
  load.connections = clients;
  load.seconds = seconds;
  load.next_request = [&](base::Random& random) {
    std::string body = R"({"payload":")" + new_write_value(random) + R"("})";
    return probe::request_text("POST", "/snapshots/add/" + new_write_name(random), agent.http(),
                               body);
  };
  ASSIGN_OR_RETURN(auto result, run_load(load));
  if (result.refused == 0) return WriteRate{result.per_second, result.latency_millis};
  return base::Error{base::Code::kUnavailable,
                     fmt::format("{} writes were refused", result.refused)};
}

std::vector<int> groups_of(const WritesOptions& options) { return {1, options.clients}; }

}  // namespace

base::Result<Report> run_writes_floor(const Common& common, const WritesOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  Report report("writes-floor", {"clients", "writes_per_s", "median_ms", "p99_ms", "worst_ms"});
  for (int group : groups_of(options)) {
    ASSIGN_OR_RETURN(auto rate,
                     measure_raw_writes(group, options.seconds,
                                        (folder / fmt::format("raw-{}", group)).string()));
    report.add({group, rate.per_second, rate.latency_millis.median, rate.latency_millis.p99,
                rate.latency_millis.worst});
  }
  report.note("each write: an upsert and a log row; writes that wait share a COMMIT (FULL)");
  return report;
}

base::Result<Report> run_writes(const Common& common, const WritesOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  Report report("writes", {"clients", "floor_per_s", "writes_per_s", "ratio", "median_ms", "p99_ms",
                           "worst_ms"});
  for (int group : groups_of(options)) {
    ASSIGN_OR_RETURN(auto floor,
                     measure_raw_writes(group, options.seconds,
                                        (folder / fmt::format("raw-{}", group)).string()));
    ASSIGN_OR_RETURN(auto agent, Agent::start_alone(setup, fmt::format("w{}", group), folder));
    ASSIGN_OR_RETURN(auto rate, measure_agent(*agent, group, options.seconds));
    agent->stop();
    report.add({group, floor.per_second, rate.per_second, rate.per_second / floor.per_second,
                rate.latency_millis.median, rate.latency_millis.p99, rate.latency_millis.worst});
  }
  report.note("POST /snapshots/add, each answered after its COMMIT; ratio to raw SQLite");
  return report;
}

}  // namespace bench
