#include "tools/simulator/run.h"

#include "tools/simulator/nemesis.h"

namespace simulation {
namespace {

void judge_weather(const NetworkCounts& counts, Report& report) {
  auto& events = report.events;
  if (counts.lost > 0 && events["reconciliations"] > 0) report.mattered(Fault::kLoss);
  if (counts.duplicated > 0 && events["datagrams replayed"] > 0) {
    report.mattered(Fault::kDuplication);
  }
  if (counts.straggled > 0 && events["changes forgotten"] + events["parked"] > 0) {
    report.mattered(Fault::kReordering);
  }
  if (counts.corrupted > 0 && events["datagrams refused"] > 0) report.mattered(Fault::kCorruption);
  for (Fault fault : {Fault::kOneWayCut, Fault::kPartition}) {
    if (report.of(fault).fired > 0 && counts.cut > 0) report.mattered(fault);
  }
  for (Fault fault : {Fault::kUdpBlocked, Fault::kTcpBlocked}) {
    if (report.of(fault).fired > 0 && counts.blocked + counts.cut > 0) report.mattered(fault);
  }
  if (report.of(Fault::kSessionBreak).fired > 0 && counts.sessions_broken > 0) {
    report.mattered(Fault::kSessionBreak);
  }
}

}  // namespace

// Liveness: all agents that still live must become equal and know each other within bounded time.
// Afterwards only signs of life may be sent.
void heal(const Settings& settings, Cluster& cluster, Report& report) {
  base::Instant started = cluster.schedule().now();
  auto equal = [&] { return cluster.converged() && cluster.acquainted(); };
  if (!cluster.run_until(equal, settings.heal)) {
    return cluster.checker().not_converged(cluster.differences());
  }
  report.healed = cluster.schedule().now() - started;
  cluster.run(settings.node.profile.grace * 20);
  // Damage that the scrub finds later is repaired then, and the repair is payload.
  bool repairs = cluster.any_rotten() || cluster.any_rebuilding();
  if (!repairs) cluster.forbid_payload();
  cluster.run(settings.quiet);
  // An agent that is at work on a sign of life is not equal to the others for this moment.
  cluster.run_until(equal, repairs ? settings.heal : base::seconds(1));
  if (cluster.checker().failed()) return;
  if (!equal()) {
    const std::string text = "the agents are no longer equal: " + cluster.differences();
    return cluster.checker().not_converged(text);
  }
  cluster.checker().healed(cluster.running(), cluster.owed());
}

Report run(const Settings& settings, std::function<void(const std::string&)> line) {
  Report report;
  report.seed = settings.seed;
  report.nodes = settings.nodes;
  Trace trace(settings.nodes + 2, line);
  if (line) line(trace.header());
  Cluster cluster(settings, trace, report);
  base::Random chance = cluster.random().fork();
  Nemesis nemesis(settings, cluster, report, chance);
  for (std::size_t i = 0; i < settings.nodes; ++i) {
    cluster.schedule().after(base::millis(static_cast<std::int64_t>(100 * i)),
                             [&cluster, i] { cluster.start(i); });
  }
  nemesis.plan();
  cluster.run(settings.chaos);
  nemesis.end();
  if (!cluster.checker().failed()) heal(settings, cluster, report);
  cluster.finish();
  judge_weather(cluster.network().counts, report);
  if (!report.passed()) report.story.assign(trace.lines().begin(), trace.lines().end());
  return report;
}

}  // namespace simulation
