#include <fmt/format.h>

#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/clock.h"
#include "tools/bench/import.h"
#include "tools/bench/summary.h"

namespace bench {
namespace {

constexpr int kStarts = 5;

struct Start {
  double ready_millis = 0;
  Memory memory;
};

base::Result<Start> start_once(const AgentSetup& setup, const std::string& name,
                               const WorkFolder& folder) {
  std::int64_t started = monotonic_nanos();
  ASSIGN_OR_RETURN(auto agent, Agent::start_alone(setup, name, folder));
  Start start;
  start.ready_millis = millis_of(monotonic_nanos() - started);
  ASSIGN_OR_RETURN(start.memory, agent->memory());
  agent->stop();
  return start;
}

base::Status add_row(Report& report, const AgentSetup& setup, const std::string& name, int entries,
                     double import_seconds, const WorkFolder& folder) {
  std::vector<double> ready;
  std::vector<double> resident;
  std::vector<double> unshared;
  for (int i = 0; i < kStarts; ++i) {
    ASSIGN_OR_RETURN(Start start, start_once(setup, name, folder));
    ready.push_back(start.ready_millis);
    resident.push_back(start.memory.resident_mib);
    unshared.push_back(start.memory.private_mib);
  }
  Summary summary = summarise(ready);
  report.add({entries, import_seconds, summary.median, summary.worst, summarise(resident).worst,
              summarise(unshared).worst});
  return {};
}

}  // namespace

base::Result<Report> run_start(const Common& common, const StartOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  Report report("start", {"entries", "import_s", "ready_median_ms", "ready_worst_ms", "rss_mib",
                          "private_mib"});
  RETURN_IF_ERROR(add_row(report, setup, "small", 0, 0, folder));

  ASSIGN_OR_RETURN(auto agent, Agent::start_alone(setup, "large", folder));
  std::int64_t started = monotonic_nanos();
  RETURN_IF_ERROR(import_entries(*agent, options.entries));
  double import_seconds = seconds_of(monotonic_nanos() - started);
  ASSIGN_OR_RETURN(Memory filled, agent->memory());
  agent->stop();
  RETURN_IF_ERROR(add_row(report, setup, "large", options.entries, import_seconds, folder));
  report.note(fmt::format(
      "time from the start of the process to /readyz 200, {} starts after a clean stop; memory "
      "at that moment",
      kStarts));
  report.note(
      fmt::format("after the import, before the restart: rss {:.1f} MiB, private {:.1f} MiB",
                  filled.resident_mib, filled.private_mib));
  return report;
}

}  // namespace bench
