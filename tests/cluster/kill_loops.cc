#include "tests/cluster/kill_loops.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cluster/writer.h"

namespace cluster {
namespace {

constexpr Millis kLoopAgree{60'000};
constexpr std::uint64_t kStrikeMicros = 150'000;  // agents are killed within this time
constexpr std::uint64_t kStartMicros = 60'000;    // and during a start within this time
constexpr int kRequests = 400;                    // of one writer in a loop
constexpr std::size_t kCondemnedMax = 40;         // taken over from one loop to the next

std::int64_t millis_now() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Millis>(now).count();
}

// A loopback address that only this process uses, so that a port is still free when its agent comes
// back.
std::string own_address(std::size_t number) {
  auto pid = static_cast<unsigned>(getpid());
  return fmt::format("127.{}.{}.{}:0", 1 + pid / 250 % 250, 1 + pid % 250, number);
}

}  // namespace

KillLoops::KillLoops(const KillOptions& options)
    : options_(options), random_(options.seed), mesh_(0) {
  for (int i = 1; i <= options_.agents; ++i) {
    auto agent = mesh_.usual("n" + std::to_string(i));
    agent.bind = own_address(static_cast<std::size_t>(i));
    mesh_.add(std::move(agent));
  }
  if (!mesh_.all_alive(mesh_.size())) find("not all met: " + mesh_.states());
}

void KillLoops::run_loop() {
  ++figures_.loops;
  auto fates = draw_fates();
  std::string prefix = loop_prefix(figures_.loops);
  std::vector<std::unique_ptr<Writer>> writers;
  for (std::size_t i = 0; i < mesh_.size(); ++i) {
    Writer::Plan plan;
    plan.prefix = prefix + "-" + mesh_[i].options().name + "-";
    plan.seed = random_();
    plan.requests_max = kRequests;
    for (std::size_t k = i; k < condemned_.size(); k += mesh_.size()) {
      plan.condemned.push_back(condemned_[k]);
    }
    writers.push_back(
        std::make_unique<Writer>(mesh_[i].client(Millis{10'000}), std::move(plan), history_));
  }
  usleep(static_cast<useconds_t>(below(kStrikeMicros)));
  strike(fates);
  bring_back(fates);
  for (auto& writer : writers) writer->stop();
  writers.clear();
  check(fates);
}

// Ids sort by loop, so the entries of the last loop are one page of the catalog.
std::string KillLoops::loop_prefix(int loop) const { return fmt::format("l{:06}", loop); }

// Kills at least one agent. Sometimes it kills all, as in a power cut.
std::vector<KillLoops::Fate> KillLoops::draw_fates() {
  std::vector<Fate> fates(mesh_.size(), Fate::kLives);
  bool all = below(10) == 0;
  for (Fate& fate : fates) {
    auto draw = below(10);
    if (draw < 3) fate = Fate::kKilled;
    if (draw == 3) fate = Fate::kStopped;
    if (draw == 4) fate = Fate::kPaused;
    if (all) fate = Fate::kKilled;
  }
  fates[below(fates.size())] = Fate::kKilled;
  return fates;
}

void KillLoops::strike(const std::vector<Fate>& fates) {
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (fates[i] == Fate::kKilled) mesh_[i].process().signal(SIGKILL);
    if (fates[i] == Fate::kPaused) mesh_[i].process().signal(SIGSTOP);
    if (fates[i] == Fate::kStopped) mesh_[i].process().signal(SIGTERM);
    if (below(2) == 0) usleep(static_cast<useconds_t>(below(20'000)));
  }
}

void KillLoops::bring_back(const std::vector<Fate>& fates) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < fates.size(); ++i) order.push_back(i);
  std::shuffle(order.begin(), order.end(), random_);
  for (std::size_t i : order) {
    AgentProcess& agent = mesh_[i];
    if (fates[i] == Fate::kKilled || fates[i] == Fate::kStopped) {
      bool kill_again = below(5) == 0;
      auto status = agent.process().wait(Millis{30'000});
      if (!status) find(agent.options().name + " does not end: " + agent.log());
      if (fates[i] == Fate::kStopped && status && *status != 0) {
        find(fmt::format("{} stopped with {}: {}", agent.options().name, *status, agent.log()));
      }
      ++(fates[i] == Fate::kKilled ? figures_.kills : figures_.stops);
      start(agent, fates[i] == Fate::kKilled && kill_again);
    }
  }
  wake(fates);
}

// Continues all paused agents at once. Their pause may have been longer than the time after which
// others declare them dead.
void KillLoops::wake(const std::vector<Fate>& fates) {
  if (std::find(fates.begin(), fates.end(), Fate::kPaused) == fates.end()) return;
  auto sleep = below(static_cast<std::uint64_t>(options_.pause_max.count()) + 1);
  std::this_thread::sleep_for(Millis{sleep});
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (fates[i] != Fate::kPaused) continue;
    mesh_[i].process().signal(SIGCONT);
    ++figures_.pauses;
  }
}

void KillLoops::start(AgentProcess& agent, bool kill_once) {
  auto begun = agent.begin();
  if (begun.ok() && kill_once) {
    usleep(static_cast<useconds_t>(below(kStartMicros)));
    agent.kill9();
    ++figures_.kills_while_starting;
    begun = agent.begin();
  }
  if (begun.ok()) begun = agent.wait_serving();
  if (!begun.ok()) find(begun.error().message);
}

void KillLoops::check(const std::vector<Fate>& fates) {
  if (!findings_.empty()) return;
  auto started = millis_now();
  if (!mesh_.converged(kLoopAgree)) return find("no agreement: " + mesh_.states());
  figures_.slowest_millis = std::max(figures_.slowest_millis, millis_now() - started);
  check_entries(loop_prefix(std::max(1, figures_.loops - 1)));
  condemn();
  check_actors(fates);
  check_alarms();
}

// Chooses entries that the next loop removes. A removal removes only what its agent has seen, so
// they must be on all agents.
void KillLoops::condemn() {
  condemned_ = history_.present(loop_prefix(figures_.loops));
  std::shuffle(condemned_.begin(), condemned_.end(), random_);
  if (condemned_.size() > kCondemnedMax) condemned_.resize(kCondemnedMax);
}

void KillLoops::check_everything() {
  if (!mesh_.converged(kLoopAgree)) return find("no agreement: " + mesh_.states());
  check_entries("");
  check_alarms();
}

void KillLoops::check_entries(const std::string& from_id) {
  for (std::size_t i = 0; i < mesh_.size(); ++i) {
    auto read = read_catalog(mesh_[i].client(), from_id);
    if (!read.ok()) return find(mesh_[i].options().name + ": " + read.error().message);
    auto wrongs = i == 0 ? history_.settle(*read, from_id) : history_.judge(*read, from_id);
    for (const std::string& wrong : wrongs) find(mesh_[i].options().name + ": " + wrong);
    if (from_id.empty()) figures_.entries = read->size();
  }
}

// Rule 2. Each agent writes once more, so that it shows the actor it goes on under.
void KillLoops::check_actors(const std::vector<Fate>& fates) {
  for (std::size_t i = 0; i < mesh_.size(); ++i) {
    std::string name = mesh_[i].options().name;
    std::string id = loop_prefix(figures_.loops) + "-z-" + name;
    auto answer = mesh_[i].client().post("/snapshots/add/" + id, "{}");
    history_.asked(id, "{}", outcome_of(answer));
    if (outcome_of(answer) != Outcome::kAcknowledged) find(name + ": does not take a write");
    auto status = mesh_[i].client().get("/v1/status?closed=1");
    std::string actor = status.ok() ? json_field(status->body, "actor_id") : "";
    bool before = actors_.contains(name);
    const bool restarted = fates[i] == Fate::kKilled || fates[i] == Fate::kStopped;
    if (restarted && used_actors_.contains(actor)) {
      find(name + ": was started again and goes on under the used actor " + actor);
    }
    if (!restarted && before && actors_[name] != actor) {
      find(name + ": lost its actor " + actors_[name] + " without a restart:\n" + mesh_[i].log());
    }
    actors_[name] = actor;
    auto vector = nlohmann::json::parse(status->body)["vector"];
    for (const auto& [used, seq] : vector.items()) used_actors_.insert(used);
    used_actors_.insert(actor);
  }
  figures_.actors = used_actors_.size();
}

void KillLoops::check_alarms() {
  for (std::size_t i = 0; i < mesh_.size(); ++i) {
    for (const char* alarm : {"hearsay_divergences_total", "hearsay_echoes_total",
                              R"(hearsay_notices_total{kind="equivocation"})",
                              R"(hearsay_notices_total{kind="corrupt_row"})",
                              R"(hearsay_notices_total{kind="divergence"})",
                              R"(hearsay_notices_total{kind="set_aside"})",
                              R"(hearsay_refused_total{reason="content"})"}) {
      if (metric(mesh_[i], alarm) == 0) continue;
      find(mesh_[i].options().name + " raised " + alarm + ":\n" + mesh_[i].log());
    }
  }
}

void KillLoops::find(const std::string& what) {
  findings_.push_back(fmt::format("seed {}, loop {}: {}", options_.seed, figures_.loops, what));
}

KillFigures KillLoops::figures() {
  figures_.requests = history_.counts();
  return figures_;
}

std::string text_of(const KillFigures& figures) {
  const HistoryCounts& requests = figures.requests;
  return fmt::format(
      "{} loops: {} kills, {} of a start, {} clean stops, {} pauses; requests: {} acknowledged, "
      "{} refused, {} without answer, which left {} marks; {} actors, {} entries; agreement after "
      "at most {} ms",
      figures.loops, figures.kills, figures.kills_while_starting, figures.stops, figures.pauses,
      requests.acknowledged, requests.refused, requests.unknown, requests.unknown_applied,
      figures.actors, figures.entries, figures.slowest_millis);
}

}  // namespace cluster
