#include <fmt/format.h>

#include "crdt/base/random.h"
#include "tools/bench/clock.h"
#include "tools/bench/http/figure.h"
#include "tools/bench/load.h"
#include "tools/bench/raw_writes.h"
#include "tools/probe/http_connection.h"

namespace bench {
namespace {

constexpr int kSyncConnections = 64;
constexpr double kTimesSlowerMax = 1.5;

using RequestOf = std::function<std::string(base::Random&, const std::string& host)>;

// A register with a value, of an object that is new.
std::string sync_request(base::Random& random, const std::string& host) {
  const std::string name = new_write_name(random);
  const std::string value = new_write_value(random);
  return probe::request_text(
      "POST", "/crdt/sync", host,
      fmt::format(R"({{"type":"lww_register","object_id":"{}","delta":{{"value":"{}"}}}})", name,
                  value));
}

std::string put_request(base::Random& random, const std::string& host) {
  const std::string name = new_write_name(random);
  const std::string value = new_write_value(random);
  return probe::request_text("PUT", "/v1/objects/" + name, host,
                             fmt::format(R"({{"type":"lww_register","value":"{}"}})", value));
}

struct DurableRun {
  LoadResult agent;
  WriteRate raw;
  double client_cores = 0;
};

base::Result<DurableRun> run_durable(const HttpBench& bench, const std::string& name,
                                     int connections, const RequestOf& request) {
  DurableRun run;
  const double seconds = bench.options.seconds;
  ASSIGN_OR_RETURN(run.raw, measure_raw_writes(connections, seconds, bench.file("raw-" + name)));
  ASSIGN_OR_RETURN(auto agent, Agent::start_alone(bench.agents, name, bench.folder));
  Load load;
  load.address = agent->http();
  load.connections = connections;
  load.seconds = seconds;
  load.next_request = [&](base::Random& random) { return request(random, agent->http()); };
  const std::int64_t busy = processor_nanos();
  const std::int64_t began = monotonic_nanos();
  ASSIGN_OR_RETURN(run.agent, run_load(load));
  run.client_cores = seconds_of(processor_nanos() - busy) / seconds_of(monotonic_nanos() - began);
  agent->stop();
  if (run.agent.refused == 0) return run;
  return base::Error{base::Code::kUnavailable,
                     fmt::format("{} writes were refused", run.agent.refused)};
}

}  // namespace

base::Result<HttpFigures> measure_sync(const HttpBench& bench) {
  HttpFigure rate{"POST /crdt/sync, 64 connections", "writes/s", true, {}, kTimesSlowerMax,
                  "raw SQLite, 64 rows a COMMIT"};
  HttpFigure median{"the same: median latency", "ms"};
  HttpFigure p99{"the same: p99", "ms"};
  for (int i = 0; i < bench.options.runs; ++i) {
    ASSIGN_OR_RETURN(DurableRun run,
                     run_durable(bench, fmt::format("sync-{}", i), kSyncConnections, sync_request));
    rate.hearsay.push_back(run.agent.per_second);
    rate.floor.push_back(run.raw.per_second);
    rate.client.push_back(run.client_cores);
    median.hearsay.push_back(run.agent.latency_millis.median);
    p99.hearsay.push_back(run.agent.latency_millis.p99);
  }
  return HttpFigures{rate, median, p99};
}

base::Result<HttpFigures> measure_write(const HttpBench& bench) {
  HttpFigure median{"PUT of a register, one client: median", "ms", false, {}, kTimesSlowerMax,
                    "raw SQLite, one row a COMMIT"};
  HttpFigure p99{"the same: p99", "ms"};
  for (int i = 0; i < bench.options.runs; ++i) {
    ASSIGN_OR_RETURN(DurableRun run,
                     run_durable(bench, fmt::format("write-{}", i), 1, put_request));
    median.hearsay.push_back(run.agent.latency_millis.median);
    median.floor.push_back(run.raw.latency_millis.median);
    median.client.push_back(run.client_cores);
    p99.hearsay.push_back(run.agent.latency_millis.p99);
    p99.floor.push_back(run.raw.latency_millis.p99);
  }
  p99.beside = median.beside;
  return HttpFigures{median, p99};
}

}  // namespace bench
