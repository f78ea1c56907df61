#include "tools/simulator/plants.h"

#include <fmt/format.h>

#include "crdt/base/check.h"
#include "crdt/base/plant.h"
#include "tools/simulator/run.h"

namespace simulation {

const std::vector<PlantInfo>& plants() {
  static const std::vector<PlantInfo> kPlants{
      {1, "own-writes-normal", 1, "own writes are committed without a sync"},
      {2, "told-before-commit", 1, "a turn whose commit failed is reported as committed"},
      {3, "actor-kept-at-start", 2, "the actor of the run before is kept"},
      {5, "queued-changes-claimed", 3, "claims cover changes that still wait for their commit"},
      {6, "unsynced-claimed", 3, "a commit that is not on the medium is called durable"},
      {7, "deps-ignored", 4, "changes are applied in the order of their actor alone"},
      {8, "range-by-actor", 4, "a limited range is sorted by actor"},
      {9, "dropped-stays-seen", 4, "a change that did not fit stays in the seen-set"},
      {10, "remove-without-dot", 5, "a remove takes effect without a sealed change"},
      {11, "kills-forgotten", 5, "an effect adds its dot and kills none"},
      {12, "vector-with-first-page", 6, "a join is merged with its first page"},
      {13, "join-drops-nothing", 6, "a join keeps dots that the other has seen and dropped"},
      {14, "judged-by-start-vector", 6, "a join is judged by the vector at its start"},
      {15, "equal-object-skipped", 6, "an object that was equal once is not checked again", true},
      {16, "mixed-snapshots", 6, "pages of two snapshots make one join", true},
      {17, "floor-not-raised-by-join", 7, "the log claims what only a join brought", true},
      {18, "floor-not-raised-by-pruning", 7, "the log claims what was pruned"},
      {19, "divergence-ignored", 8, "equal vectors with unequal digests raise no alarm"},
      {20, "divergence-joins-equal-vectors", 8, "an ordinary join runs on equal vectors"},
      {21, "wall-clock-as-stamp", 9, "values are stamped with the wall clock"},
      {22, "clock-not-persisted", 9, "the hybrid clock starts from the wall after a restart"},
      {23, "future-stamps-parked", 9, "changes from the future wait for their time"},
  };
  return kPlants;
}

const PlantInfo* find_plant(int number) {
  for (const PlantInfo& plant : plants()) {
    if (plant.number == number) return &plant;
  }
  return nullptr;
}

void plant(int number) { base::planted = static_cast<base::Plant>(number); }

Hunt hunt(const PlantInfo& info, std::uint64_t first, std::uint64_t most, std::size_t jobs) {
  Hunt hunt{&info, 0, std::nullopt};
  while (hunt.seeds < most && !hunt.caught) {
    SweepOptions options;
    options.first = first + hunt.seeds;
    options.count = most - hunt.seeds;
    options.jobs = jobs;
    options.stop_at_first = true;
    std::optional<Report> failed;
    plant(info.number);
    sweep(options, [&](const Report& report) {
      bool first_one = !failed || report.seed < failed->seed;
      if (!report.passed() && first_one) failed = report;
    });
    plant(0);
    hunt.seeds = failed ? failed->seed - first + 1 : most;
    // A seed that fails without the planted bug proves nothing.
    if (failed && run(Settings::draw(failed->seed, failed->nodes)).passed()) hunt.caught = failed;
  }
  return hunt;
}

std::string text_of(const std::vector<Hunt>& hunts) {
  std::string text =
      fmt::format("{:>3} {:<31} {:>4}  {:>5}  {}\n", "n", "plant", "rule", "seeds", "caught by");
  for (const Hunt& hunt : hunts) {
    text += fmt::format("{:>3} {:<31} {:>4}  {:>5}  {}{}\n", hunt.plant->number, hunt.plant->name,
                        hunt.plant->rule, hunt.seeds,
                        hunt.caught ? hunt.caught->violation->checker : "NOT CAUGHT",
                        hunt.plant->rare ? " (rare: a directed test shows it)" : "");
  }
  return text;
}

}  // namespace simulation
