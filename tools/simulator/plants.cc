#include "tools/simulator/plants.h"

#include <fmt/format.h>

#include "crdt/base/check.h"
#include "crdt/base/plant.h"

namespace simulation {

const std::vector<PlantInfo>& plants() {
  static const std::vector<PlantInfo> kPlants{
      {1, "own-writes-normal", 1, "own writes are committed without a sync"},
      {2, "told-before-commit", 1, "a turn whose commit failed is reported as committed"},
      {3, "actor-kept-at-start", 2, "a start goes on writing under the actor of the run before"},
      {5, "queued-changes-claimed", 3, "claims cover changes that still wait for their commit"},
      {6, "unsynced-claimed", 3, "a commit that is not on the medium is called durable"},
      {7, "deps-ignored", 4, "a change is applied before the changes that it depends on"},
      {8, "range-by-actor", 4, "a range that is cut by a limit is sorted by actor"},
      {9, "dropped-stays-seen", 4,
       "a change that was dropped for lack of room stays in the list of seen changes"},
      {10, "remove-without-dot", 5, "a remove takes effect without a sealed change"},
      {11, "kills-forgotten", 5, "an effect adds its dot and removes none"},
      {12, "vector-with-first-page", 6, "a join is merged as soon as its first page is there"},
      {13, "join-drops-nothing", 6, "a join keeps dots that the other has seen and dropped"},
      {14, "judged-by-start-vector", 6, "a join is judged by the vector at its start"},
      {15, "equal-object-skipped", 6, "an object that was equal is not compared again at the merge",
       true},
      {16, "mixed-snapshots", 6, "pages of two snapshots are merged as one join", true},
      {17, "floor-not-raised-by-join", 7, "the floor of the log stays too low after a join", true},
      {18, "floor-not-raised-by-pruning", 7, "the floor of the log stays too low after pruning"},
      {19, "divergence-ignored", 8, "equal vectors with unequal digests raise no alarm"},
      {20, "divergence-joins-equal-vectors", 8, "an ordinary join runs on equal vectors"},
      {21, "wall-clock-as-stamp", 9, "the stamp of a value is the wall clock"},
      {22, "clock-not-persisted", 9, "after a restart the hybrid clock starts from the wall clock"},
      {23, "future-stamps-parked", 9, "a change with a time in the future waits for that time"},
      {24, "fold-drops-edits", 6, "a fold of a text removes its edits and writes no block"},
      {25, "erased-forgotten-by-join", 6,
       "a join does not erase what the other has erased in a text"},
      {26, "counter-fold-drops-one", 5, "an author that folds its increments loses one of them"},
      {27, "subtree-keeps-texts", 5, "the removal of a place leaves the letters of its texts"},
      {28, "subtree-kills-unseen", 5,
       "the removal of a place removes what its author had not seen"},
      {29, "stamp-tie-by-arrival", 9,
       "of two values with one time of their clients, the one that arrives later wins"},
      {30, "requests-forgotten", 6,
       "the name of a request is not stored with its change, so a retry is done again"},
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

Hunt hunt(const PlantInfo& info, SweepOptions options) {
  const std::uint64_t first = options.first;
  const std::uint64_t most = options.count;
  options.stop_at_first = true;
  Hunt hunt{&info, 0, std::nullopt};
  while (hunt.seeds < most && !hunt.caught) {
    options.first = first + hunt.seeds;
    options.count = most - hunt.seeds;
    std::optional<Report> failed;
    plant(info.number);
    sweep(options, [&](const Report& report) {
      bool first_one = !failed || report.seed < failed->seed;
      if (!report.passed() && first_one) failed = report;
    });
    plant(0);
    hunt.seeds = failed ? failed->seed - first + 1 : most;
    // A seed that fails without the planted bug proves nothing.
    if (failed && run(options.settings(failed->seed, failed->nodes)).passed()) hunt.caught = failed;
  }
  return hunt;
}

std::string text_of(const std::vector<Hunt>& hunts) {
  std::string text = fmt::format("{:>3} {:<31} {:>4}  {:>5}  {}\n", "no.", "planted bug", "rule",
                                 "seeds", "caught by");
  for (const Hunt& hunt : hunts) {
    text += fmt::format("{:>3} {:<31} {:>4}  {:>5}  {}{}\n", hunt.plant->number, hunt.plant->name,
                        hunt.plant->rule, hunt.seeds,
                        hunt.caught ? hunt.caught->violation->checker : "NOT CAUGHT",
                        hunt.plant->rare ? " (rare: a test of its own shows it)" : "");
  }
  return text;
}

}  // namespace simulation
