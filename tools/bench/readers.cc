#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/clock.h"
#include "tools/bench/import.h"
#include "tools/bench/load.h"
#include "tools/probe/http_client.h"

namespace bench {
namespace {

constexpr std::int64_t kEqualTimeout = 120 * kSecond;
constexpr unsigned kPollMicros = 2'000;

base::Result<std::string> digest_of(const Agent& agent) {
  ASSIGN_OR_RETURN(auto answer, probe::HttpClient(agent.http()).get("/v1/status"));
  auto json = nlohmann::json::parse(answer.body, nullptr, false);
  return json.is_object() ? json.value("digest", "") : "";
}

base::Status wait_digest(const Agent& agent, const std::string& digest) {
  for (std::int64_t began = monotonic_nanos(); monotonic_nanos() - began < kEqualTimeout;) {
    ASSIGN_OR_RETURN(std::string now, digest_of(agent));
    if (now == digest) return {};
    ::usleep(kPollMicros);
  }
  return base::Error{base::Code::kTimeout, "the agents did not become equal"};
}

// Each write is its own change.
base::Status write_changes(const Agent& agent, const std::string& round, int count) {
  probe::HttpClient writer(agent.http());
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(auto answer, writer.post(fmt::format("/snapshots/add/{}-{}", round, i),
                                              R"({"size":1024,"state":"ready"})"));
    if (answer.status != 200) {
      return base::Error{base::Code::kUnavailable, fmt::format("POST answers {}", answer.status)};
    }
  }
  return {};
}

// Reads pages of all entries as fast as they are answered. `after` is random, so that all entries
// are read.
Load listings(const Agent& agent, const ReadersOptions& options) {
  Load load;
  load.address = agent.http();
  load.connections = options.clients;
  load.threads = 1;
  load.seconds = options.seconds;
  load.next_request = [&agent, &options](base::Random& random) {
    auto after = entry_name(random.below(static_cast<std::uint64_t>(options.entries)));
    return probe::request_text("GET", "/catalog/query?type=snapshots&limit=10000&after=" + after,
                               agent.http());
  };
  return load;
}

struct Round {
  double millis = 0;  // from the start of the agent until its digest equals ours
  double pages = 0;   // pages per second
};

base::Result<Round> run_round(const FilledAgent& filled, const std::string& name,
                              const ReadersOptions& options, bool read) {
  const Agent& source = *filled.agent;
  RETURN_IF_ERROR(write_changes(source, name, options.changes));
  ASSIGN_OR_RETURN(std::string digest, digest_of(source));
  base::Result<LoadResult> load = LoadResult{};
  std::thread readers;
  if (read) readers = std::thread([&] { load = run_load(listings(source, options)); });
  if (read) ::usleep(500'000);  // time until all clients wait for an answer
  Round round;
  auto measure = [&]() -> base::Status {
    std::int64_t began = monotonic_nanos();
    ASSIGN_OR_RETURN(auto peer, Agent::start(filled.setup, "peer", source.bind(), filled.folder));
    RETURN_IF_ERROR(peer->wait_serving());
    RETURN_IF_ERROR(wait_digest(*peer, digest));
    round.millis = millis_of(monotonic_nanos() - began);
    peer->stop();
    return {};
  };
  auto measured = measure();
  if (read) readers.join();
  RETURN_IF_ERROR(measured);
  if (!load.ok()) return load.error();
  round.pages = load->per_second;
  return round;
}

}  // namespace

base::Result<Report> run_readers(const Common& common, const ReadersOptions& options) {
  ASSIGN_OR_RETURN(auto filled, start_filled(common, "source", options.entries));
  Agent& source = *filled.agent;
  ReadersOptions none = options;
  none.changes = 1;
  ASSIGN_OR_RETURN(Round first, run_round(filled, "first", none, false));
  Report report("readers",
                {"clients", "missed_changes", "rounds", "median_ms", "worst_ms", "pages_per_s"});
  for (bool read : {false, true}) {
    std::vector<double> millis;
    double pages = 0;
    for (int i = 0; i < options.rounds; ++i) {
      auto name = fmt::format("{}-{}", read ? "read" : "quiet", i);
      ASSIGN_OR_RETURN(Round round, run_round(filled, name, options, read));
      millis.push_back(round.millis);
      pages += round.pages / options.rounds;
    }
    Summary summary = summarise(millis);
    report.add({read ? options.clients : 0, options.changes, options.rounds, summary.median,
                summary.worst, pages});
  }
  report.note(fmt::format(
      "{} entries; from the start of an agent that missed the changes until its digest equals that "
      "of its peer, whose clients list pages of 10,000 entries; the first exchange took {:.0f} ms",
      options.entries, first.millis));
  source.stop();
  return report;
}

}  // namespace bench
