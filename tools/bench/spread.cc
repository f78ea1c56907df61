#include <fmt/format.h>
#include <unistd.h>

#include "crdt/base/random.h"
#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/clock.h"
#include "tools/bench/event_watch.h"
#include "tools/bench/floor.h"
#include "tools/bench/summary.h"
#include "tools/probe/http_connection.h"

namespace bench {
namespace {

using Values = std::vector<double>;

constexpr std::int64_t kChangeTimeout = 30 * kSecond;
constexpr probe::Millis kAnswerSilence{30'000};
// A pause between two changes, so that each is measured on a mesh at rest.
constexpr unsigned kGapMicros = 20'000;

base::Status measure_floor(int size, int changes, const WorkFolder& folder, Values& millis) {
  ASSIGN_OR_RETURN(auto mesh, FloorMesh::start(size, folder));
  for (int i = 0; i < changes; ++i) {
    ASSIGN_OR_RETURN(std::int64_t nanos, mesh.spread(static_cast<std::uint64_t>(i) + 1,
                                                     static_cast<std::size_t>(i) % mesh.size()));
    millis.push_back(millis_of(nanos));
    ::usleep(kGapMicros);
  }
  return {};
}

// As many random bytes in an entry as in a row of the floor.
std::string metadata(base::Random& random) {
  return R"({"payload":")" + base::to_hex(random.bytes(kPayloadSize / 2)) + R"("})";
}

base::Status measure_agents(const AgentSetup& setup, int size, int changes,
                            const WorkFolder& folder, Values& millis) {
  ASSIGN_OR_RETURN(auto agents, start_mesh(setup, size, folder));
  std::vector<std::string> addresses;
  std::vector<std::unique_ptr<probe::HttpConnection>> writers;
  for (const auto& agent : agents) {
    addresses.push_back(agent->http());
    ASSIGN_OR_RETURN(auto writer, probe::HttpConnection::open(agent->http()));
    writers.push_back(std::move(writer));
  }
  ASSIGN_OR_RETURN(auto watch, EventWatch::open(addresses));

  base::Random random = base::Random::from_number(1);
  for (int i = 0; i < changes; ++i) {
    auto origin = static_cast<std::size_t>(i) % agents.size();
    std::string id = fmt::format("bench-{}-{}", size, i);
    std::string text =
        probe::request_text("POST", "/snapshots/add/" + id, addresses[origin], metadata(random));
    std::int64_t started = monotonic_nanos();
    RETURN_IF_ERROR(writers[origin]->send(text));
    ASSIGN_OR_RETURN(std::int64_t last, watch.heard_by_all(id, kChangeTimeout));
    millis.push_back(millis_of(last - started));
    ASSIGN_OR_RETURN(auto answer, writers[origin]->answer(kAnswerSilence));
    if (answer.status != 200) {
      return base::Error{base::Code::kUnavailable, fmt::format("POST answers {}", answer.status)};
    }
    ::usleep(kGapMicros);
  }
  for (auto& agent : agents) agent->stop();
  return {};
}

}  // namespace

base::Result<Report> run_floor(const Common& common, const SpreadOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  Report report("floor", {"processes", "changes", "median_ms", "p99_ms", "worst_ms"});
  for (int size : options.sizes) {
    Values millis;
    RETURN_IF_ERROR(measure_floor(size, options.changes, folder, millis));
    Summary floor = summarise(millis);
    report.add({size, floor.count, floor.median, floor.p99, floor.worst});
  }
  report.note(
      "time from before the commit of the origin (FULL) to after that of the last receiver "
      "(NORMAL)");
  return report;
}

base::Result<Report> run_spread(const Common& common, const SpreadOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  Report report("spread", {"agents", "changes", "floor_median_ms", "floor_worst_ms", "median_ms",
                           "p99_ms", "worst_ms", "ratio"});
  for (int size : options.sizes) {
    Values floor_millis;
    Values agent_millis;
    // The floor is measured before and after: if the disk becomes slower during the run, both show
    // it.
    int before = options.changes / 2;
    RETURN_IF_ERROR(measure_floor(size, before, folder, floor_millis));
    RETURN_IF_ERROR(measure_agents(setup, size, options.changes, folder, agent_millis));
    ASSIGN_OR_RETURN(auto second, WorkFolder::make(common.parent));
    RETURN_IF_ERROR(measure_floor(size, options.changes - before, second, floor_millis));
    Summary floor = summarise(floor_millis);
    Summary agents = summarise(agent_millis);
    report.add({size, agents.count, floor.median, floor.worst, agents.median, agents.p99,
                agents.worst, agents.median / floor.median});
  }
  report.note(
      "time from before the POST to the event in the last event stream; ratio of the medians");
  return report;
}

}  // namespace bench
