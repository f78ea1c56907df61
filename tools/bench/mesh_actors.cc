#include "tools/bench/mesh_actors.h"

#include <fmt/format.h>

#include <charconv>

#include "tools/bench/clock.h"
#include "tools/bench/workload.h"

namespace bench {
namespace {

constexpr std::int64_t kTimeout = 120 * kSecond;
constexpr std::int64_t kCutOff = kSecond / 2;  // too short for a suspicion
constexpr int kMembers = 2;

// The first change of an actor: an entry without metadata. Its author has seen all changes before
// it.
base::Result<crdt::Opened> first_change(const base::ActorId& actor, const base::NodeId& node,
                                        const std::vector<crdt::Opened>& before) {
  auto number = static_cast<std::int64_t>(before.size());
  crdt::Entry nothing;
  nothing.object = "snapshots";
  nothing.id = fmt::format("of-{}", number);
  crdt::Change change;
  change.actor = actor;
  change.seq = 1;
  change.time = {1'700'000'000'000'000'000 + number, 0};
  change.node = node;
  if (!before.empty()) {
    const crdt::SealedChange& last = before.back().sealed;
    change.deps.push_back({last.actor, {last.seq, last.hash}});
  }
  change.effects = crdt::plan_add(nothing, {}, change.time);
  ASSIGN_OR_RETURN(auto sealed, crdt::seal(change));
  crdt::Opened opened;
  opened.sealed = std::move(sealed);
  opened.change = std::move(change);
  return opened;
}

// Each node has left all its actors except the last one.
base::Result<std::vector<crdt::Opened>> history(const ActorCounts& counts) {
  base::Random random = base::Random::from_number(1);
  std::vector<crdt::Opened> changes;
  std::vector<base::NodeId> nodes;
  for (int i = 0; i < counts.live; ++i) nodes.push_back(random.id<base::NodeTag>());
  for (int i = 0; i < counts.closed + counts.live; ++i) {
    const base::NodeId& node = nodes[static_cast<std::size_t>(i % counts.live)];
    ASSIGN_OR_RETURN(auto change, first_change(random.id<base::ActorTag>(), node, changes));
    changes.push_back(std::move(change));
  }
  return changes;
}

base::Status prepare(const std::string& data, const std::vector<crdt::Opened>& changes,
                     std::uint64_t seed) {
  std::filesystem::create_directories(data);
  ASSIGN_OR_RETURN(auto replica, agent::Replica::open(now_of(0), data + "/hearsay.db", {}, "bench",
                                                      base::Random::from_number(seed)));
  constexpr std::size_t kBatch = 1'000;
  for (std::size_t from = 0; from < changes.size(); from += kBatch) {
    auto first = changes.begin() + static_cast<std::ptrdiff_t>(from);
    auto count = static_cast<std::ptrdiff_t>(std::min(kBatch, changes.size() - from));
    ASSIGN_OR_RETURN(auto inputs, as_received({first, first + count}));
    RETURN_IF_ERROR(merge(*replica, inputs));
  }
  RETURN_IF_ERROR(replica->close());
  return {};
}

base::Result<std::uint64_t> metric(MeshRun& run, int index, const std::string& name) {
  ASSIGN_OR_RETURN(auto answer, run.ask(index, "GET", "/metrics"));
  std::string line = "\nhearsay_" + name + " ";
  auto at = answer.body.find(line);
  std::uint64_t value = 0;
  if (answer.status != 200 || at == std::string::npos) return late("/metrics");
  const char* text = answer.body.c_str() + at + line.size();
  std::from_chars(text, answer.body.c_str() + answer.body.size(), value);
  return value;
}

base::Result<std::uint64_t> bytes_sent(const MeshNetwork& network) {
  std::uint64_t sum = 0;
  for (int i = 0; i < kMembers; ++i) {
    ASSIGN_OR_RETURN(std::uint64_t sent, network.bytes_sent(i));
    sum += sent;
  }
  return sum;
}

base::Status wait_closed(MeshRun& run, const ActorCounts& counts) {
  bool closed = run.ask_until(kTimeout, [&] {
    for (int i = 0; i < kMembers; ++i) {
      auto count = metric(run, i, "actors_closed_total");
      if (!count.ok() || *count < static_cast<std::uint64_t>(counts.closed)) return false;
    }
    return true;
  });
  return closed ? base::Status{} : base::Status{late("all left actors are closed")};
}

// One write on each side while the link is cut; then the bytes until both are equal.
base::Result<double> reconcile(MeshRun& run, MeshNetwork& network, int round) {
  RETURN_IF_ERROR(network.mute({0, 1}));
  for (int i = 0; i < kMembers; ++i) {
    std::string target = fmt::format("/snapshots/add/cut-off-{}-{}", round, i);
    ASSIGN_OR_RETURN(auto answer, run.ask(i, "POST", target, "{}"));
    if (answer.status != 200) return late("a write while cut off");
  }
  run.watch(kCutOff);
  ASSIGN_OR_RETURN(std::uint64_t before, bytes_sent(network));
  RETURN_IF_ERROR(network.mute({}));
  if (!run.ask_until(kTimeout, [&] { return run.equal(); })) return late("equal again");
  ASSIGN_OR_RETURN(std::uint64_t after, bytes_sent(network));
  return static_cast<double>(after - before);
}

}  // namespace

base::Result<Measured> measure_actors(const MeshSetup& setup, const ActorCounts& counts,
                                      const ActorLengths& lengths, const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto network, MeshNetwork::make(kMembers, folder));
  ASSIGN_OR_RETURN(auto changes, history(counts));
  std::string label = fmt::format("actors-{}", counts.closed + counts.live);
  for (int i = 0; i < kMembers; ++i) {
    auto seed = static_cast<std::uint64_t>(i) + 2;
    RETURN_IF_ERROR(prepare(MeshRun::data(folder, label, i), changes, seed));
  }
  ASSIGN_OR_RETURN(auto run, MeshRun::start(setup, kMembers, *network, folder, label));
  if (!run->ask_until(kTimeout, [&] { return run->equal(); })) return late("equal at the start");
  RETURN_IF_ERROR(wait_closed(*run, counts));
  Measured measured;
  std::string with = fmt::format("{} closed and {} live actors: ", counts.closed, counts.live);
  for (int round = 0; round < lengths.rounds; ++round) {
    ASSIGN_OR_RETURN(std::uint64_t before, metric(*run, 0, "vector_entries_sent_total"));
    ASSIGN_OR_RETURN(double bytes, reconcile(*run, *network, round));
    ASSIGN_OR_RETURN(std::uint64_t after, metric(*run, 0, "vector_entries_sent_total"));
    measured[with + "bytes sent until equal, after one write of each agent while cut off, B"]
        .push_back(bytes);
    measured[with + "vector entries sent by the first agent, count"].push_back(
        static_cast<double>(after - before));
  }
  ASSIGN_OR_RETURN(std::uint64_t before, bytes_sent(*network));
  std::int64_t started = monotonic_nanos();
  run->watch(lengths.idle_seconds * kSecond);
  ASSIGN_OR_RETURN(std::uint64_t after, bytes_sent(*network));
  double elapsed = seconds_of(monotonic_nanos() - started);
  measured[with + "both equal: bytes sent by one member, B/s"].push_back(
      static_cast<double>(after - before) / elapsed / kMembers);
  return measured;
}

}  // namespace bench
