#include "tools/bench/mesh_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/bench/clock.h"
#include "tools/bench/load.h"
#include "tools/probe/http_connection.h"

namespace bench {
namespace {

constexpr std::int64_t kDetectTimeout = 120 * kSecond;
constexpr std::int64_t kHealTimeout = 120 * kSecond;
constexpr std::int64_t kCatchUpTimeout = 120 * kSecond;
constexpr int kHoleSeconds = 3;
constexpr int kBreathSeconds = 1;
constexpr int kSettleSeconds = 10;
constexpr int kWriters = 64;

base::Status wait_acquainted(MeshRun& run) {
  if (run.watch_until(kHealTimeout, [&] { return run.acquainted(); })) return {};
  return late("all members see each other again");
}

struct Detection {
  double first = 0;
  double all = 0;
};

// The seconds from `started` until all others hold `victim` for gone.
base::Result<Detection> detect(MeshRun& run, int victim, std::int64_t started) {
  std::size_t from = run.events().size();
  std::map<int, std::int64_t> said;
  bool all = run.watch_until(kDetectTimeout, [&] {
    for (; from < run.events().size(); ++from) {
      const MemberEvent& event = run.events()[from];
      if (event.subject == victim && !event.up) said.emplace(event.observer, event.at);
    }
    return said.size() + 1 == static_cast<std::size_t>(run.size());
  });
  if (!all) return late(fmt::format("all members know of the lost one ({} know)", said.size()));
  Detection detection{seconds_of(kDetectTimeout), 0};
  for (const auto& [observer, at] : said) {
    detection.first = std::min(detection.first, seconds_of(at - started));
    detection.all = std::max(detection.all, seconds_of(at - started));
  }
  return detection;
}

}  // namespace

base::Result<Measured> measure_crashes(const MeshSetup& setup, int members, int runs,
                                       const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto network, MeshNetwork::make(members, folder));
  ASSIGN_OR_RETURN(auto run, MeshRun::start(setup, members, *network, folder,
                                            fmt::format("crash-{}-{}", setup.profile,
                                                        program_name(setup.program.kind))));
  Measured measured;
  for (int i = 0; i < runs; ++i) {
    int victim = 1 + i % (members - 1);  // member 0 is the seed of all others
    std::int64_t started = monotonic_nanos();
    run->kill(victim);
    ASSIGN_OR_RETURN(Detection crash, detect(*run, victim, started));
    measured["crash: the first member knows, s"].push_back(crash.first);
    measured["crash: all members know, s"].push_back(crash.all);
    RETURN_IF_ERROR(run->launch(victim));
    RETURN_IF_ERROR(wait_acquainted(*run));

    started = monotonic_nanos();
    run->pause(victim);
    auto silence = detect(*run, victim, started);
    run->resume(victim);
    if (!silence.ok()) return silence.error();
    measured["silence: the first member knows, s"].push_back(silence->first);
    measured["silence: all members know, s"].push_back(silence->all);
    RETURN_IF_ERROR(wait_acquainted(*run));
  }
  return measured;
}

base::Result<Measured> measure_faults(const MeshSetup& setup, int members, int seconds,
                                      const std::vector<int>& loss_percents,
                                      const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto network, MeshNetwork::make(members, folder));
  ASSIGN_OR_RETURN(auto run,
                   MeshRun::start(setup, members, *network, folder,
                                  fmt::format("faults-{}", program_name(setup.program.kind))));
  Measured measured;
  for (int percent : loss_percents) {
    std::size_t first = run->events().size();
    RETURN_IF_ERROR(network->lose_datagrams(percent));
    run->watch(seconds * kSecond);
    RETURN_IF_ERROR(network->lose_datagrams(0));
    auto deaths = static_cast<double>(run->deaths_since(first, {}));
    measured[fmt::format("false deaths at {} % loss, count", percent)].push_back(deaths);
    RETURN_IF_ERROR(wait_acquainted(*run));
  }
  std::set<int> holes;
  for (int i = 1; i <= std::max(1, members / 5); ++i) holes.insert(i);
  std::size_t first = run->events().size();
  for (int passed = 0; passed < seconds; passed += kHoleSeconds + kBreathSeconds) {
    RETURN_IF_ERROR(network->mute(holes));
    run->watch(kHoleSeconds * kSecond);
    RETURN_IF_ERROR(network->mute({}));
    run->watch(kBreathSeconds * kSecond);
  }
  auto deaths = static_cast<double>(run->deaths_since(first, holes));
  measured["healthy members called dead during black holes, count"].push_back(deaths);
  return measured;
}

base::Result<Measured> measure_outage(const MeshSetup& setup, int members, int seconds,
                                      const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto network, MeshNetwork::make(members, folder));
  std::string label = fmt::format("outage-{}-{}", members, program_name(setup.program.kind));
  ASSIGN_OR_RETURN(auto run, MeshRun::start(setup, members, *network, folder, label));
  std::set<int> all;
  for (int i = 0; i < members; ++i) all.insert(i);
  RETURN_IF_ERROR(network->mute(all));
  bool holds_data = setup.program.kind == MeshProgram::Kind::kHearsay;
  for (int i : holds_data ? std::vector{0, members - 1} : std::vector<int>{}) {
    ASSIGN_OR_RETURN(auto answer, run->ask(i, "POST", fmt::format("/snapshots/add/s{}", i), "{}"));
    if (answer.status != 200) return late("a write while cut off");
  }
  run->watch(seconds * kSecond);
  std::int64_t healed = monotonic_nanos();
  RETURN_IF_ERROR(network->mute({}));
  std::optional<double> acquainted;
  std::optional<double> equal;
  std::int64_t polled = 0;
  run->watch_until(kHealTimeout, [&] {
    std::int64_t now = monotonic_nanos();
    if (!acquainted && run->acquainted()) acquainted = seconds_of(now - healed);
    if (holds_data && !equal && now - polled >= MeshRun::kAskGap) {
      polled = now;
      if (run->equal()) equal = seconds_of(monotonic_nanos() - healed);
    }
    return acquainted && (equal || !holds_data);
  });
  Measured measured;
  auto note = [&](const char* what, const std::optional<double>& value) {
    std::string name = fmt::format("outage of {} s: {}, s", seconds, what);
    measured[name] = value ? std::vector{*value} : std::vector<double>{};
  };
  note("all members again", acquainted);
  if (holds_data) note("equal digests again", equal);
  return measured;
}

base::Result<Measured> measure_idle(const MeshSetup& setup, int members, int seconds,
                                    const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto network, MeshNetwork::make(members, folder));
  std::string label = fmt::format("idle-{}-{}", setup.profile, program_name(setup.program.kind));
  ASSIGN_OR_RETURN(auto run, MeshRun::start(setup, members, *network, folder, label));
  run->watch(kSettleSeconds * kSecond);
  std::vector<double> bytes;
  std::vector<double> processor;
  auto add = [&](double sign) -> base::Status {
    for (int i = 0; i < members; ++i) {
      auto at = static_cast<std::size_t>(i);
      bytes.resize(static_cast<std::size_t>(members));
      processor.resize(static_cast<std::size_t>(members));
      processor[at] += sign * run->cpu_seconds(i);
      if (!network->isolated()) continue;
      ASSIGN_OR_RETURN(std::uint64_t sent, network->bytes_sent(i));
      bytes[at] += sign * static_cast<double>(sent);
    }
    return {};
  };
  std::int64_t started = monotonic_nanos();
  RETURN_IF_ERROR(add(-1));
  run->watch(seconds * kSecond);
  RETURN_IF_ERROR(add(1));
  double elapsed = seconds_of(monotonic_nanos() - started);
  for (double& value : bytes) value /= elapsed;
  for (double& value : processor) value *= 100 / elapsed;
  Measured measured{{"idle: processor, %", processor}};
  if (network->isolated()) measured["idle: sent, B/s"] = bytes;
  return measured;
}

// --- One that was away
// ----------------------------------------------------------------------------

namespace {

struct Log {
  std::uint64_t changes = 0;  // all changes ever made
  double bytes = 0;           // bytes of those that the log still holds
};

base::Result<Log> log_of(MeshRun& run, int index) {
  ASSIGN_OR_RETURN(auto answer, run.ask(index, "GET", "/v1/status"));
  auto status = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !status.is_object()) return late("/v1/status");
  Log log;
  for (const auto& seq : status["vector"]) log.changes += seq.get<std::uint64_t>();
  log.bytes = status["log"].value("bytes", 0.0);
  return log;
}

// Each write is its own change.
base::Status write_changes(MeshRun& run, MeshNetwork& network, int changes) {
  ASSIGN_OR_RETURN(std::string address, run.http(0));
  std::uint64_t written = 0;
  // Not the load's own Random: it begins again in every round, and repeated values compress too
  // well.
  base::Random chance = base::Random::from_number(1);
  for (int round = 0; written < static_cast<std::uint64_t>(changes); ++round) {
    Load load;
    load.address = address;
    load.connections = kWriters;
    load.seconds = 1;
    load.next_request = [&](base::Random&) {
      std::string id = base::to_hex(chance.bytes(8)) + std::to_string(round);
      std::string body = R"({"payload":")" + base::to_hex(chance.bytes(64)) + R"("})";
      return probe::request_text("POST", "/snapshots/add/" + id, address, body);
    };
    RETURN_IF_ERROR(network.on(0, [&]() -> base::Status {
      ASSIGN_OR_RETURN([[maybe_unused]] auto done, run_load(load));
      return {};
    }));
    ASSIGN_OR_RETURN(Log log, log_of(run, 0));
    if (log.changes <= written) return late("writes");
    written = log.changes;
  }
  return {};
}

}  // namespace

base::Result<Measured> measure_behind(const MeshSetup& setup, int changes,
                                      const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto network, MeshNetwork::make(2, folder));
  std::string label = fmt::format("behind-{}", setup.more.size());
  ASSIGN_OR_RETURN(auto run, MeshRun::start(setup, 2, *network, folder, label));
  run->stop(1);
  RETURN_IF_ERROR(write_changes(*run, *network, changes));
  ASSIGN_OR_RETURN(Log log, log_of(*run, 0));
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  if (network->isolated()) {
    ASSIGN_OR_RETURN(before, network->bytes_received(1));
  }
  std::int64_t started = monotonic_nanos();
  RETURN_IF_ERROR(run->launch(1));
  bool equal = run->ask_until(kCatchUpTimeout, [&] { return run->equal(); });
  if (!equal) return late("an agent that was away is equal again");
  Measured measured;
  measured["changes that one agent missed, count"].push_back(static_cast<double>(log.changes));
  measured["time, s"].push_back(seconds_of(monotonic_nanos() - started));
  if (network->isolated()) {
    ASSIGN_OR_RETURN(after, network->bytes_received(1));
    measured["received, MB"].push_back(static_cast<double>(after - before) / 1e6);
    measured["log of the other agent, MB"].push_back(log.bytes / 1e6);
  }
  return measured;
}

}  // namespace bench
