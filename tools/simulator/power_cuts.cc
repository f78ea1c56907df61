#include "tools/simulator/power_cuts.h"

#include <fmt/format.h>

#include "tools/simulator/recovery_check.h"

namespace simulation {
namespace {

constexpr std::uint64_t kHistoriesOfSeed = 1'000'000;  // so that two seeds never share a history

void note(PowerCutReport& report, std::uint64_t seed, const std::vector<std::string>& violations) {
  if (violations.empty()) return;
  ++report.violations;
  for (const std::string& what : violations) {
    if (report.violated.size() == PowerCutReport::kViolationsListed) return;
    report.violated.push_back(fmt::format("history {}: {}", seed, what));
  }
}

PowerCutReport::Row row_of(const PowerCutImage& image, const Recovery& recovery) {
  PowerCutReport::Row row;
  row.images = 1;
  row.mattered = image.mattered ? 1 : 0;
  row.twice = recovery.again ? 1 : 0;
  row.lost_commits = recovery.lost_commits ? 1 : 0;
  row.lost_acknowledged = recovery.lost_acknowledged ? 1 : 0;
  row.refused = recovery.refused ? 1 : 0;
  row.damaged = recovery.damaged ? 1 : 0;
  row.invented = recovery.invented ? 1 : 0;
  row.violations = recovery.violations.empty() ? 0 : 1;
  return row;
}

std::string line(std::string_view name, const PowerCutReport::Row& row) {
  return fmt::format("{:<12}{:>9}{:>10}{:>8}{:>9}{:>9}{:>9}{:>9}{:>10}{:>12}\n", name, row.images,
                     row.mattered, row.twice, row.lost_commits, row.lost_acknowledged, row.refused,
                     row.damaged, row.invented, row.violations);
}

}  // namespace

PowerCutReport explore_power_cuts(const PowerCutOptions& options) {
  PowerCutReport report;
  RecoveryCheck recoveries(base::Random::from_number(options.seed));
  std::uint64_t images = 0;
  while (images < options.images) {
    const std::uint64_t seed = options.seed * kHistoriesOfSeed + report.histories++;
    PowerCutHistory history(seed, options.course, options.steps);
    for (std::uint64_t step = 0; step < options.steps && images < options.images; ++step) {
      const std::uint64_t left = options.images - images;
      const std::size_t wanted =
          left < options.images_of_step ? static_cast<std::size_t>(left) : options.images_of_step;
      for (const PowerCutImage& image : history.step(wanted)) {
        const Recovery recovery = recoveries.check(history, image);
        report.rows[static_cast<std::size_t>(image.cut)].add(row_of(image, recovery));
        note(report, seed, recovery.violations);
        ++images;
      }
    }
    note(report, seed, history.faults());
  }
  return report;
}

void PowerCutReport::Row::add(const Row& other) {
  images += other.images;
  mattered += other.mattered;
  twice += other.twice;
  lost_commits += other.lost_commits;
  lost_acknowledged += other.lost_acknowledged;
  refused += other.refused;
  damaged += other.damaged;
  invented += other.invented;
  violations += other.violations;
}

PowerCutReport::Row PowerCutReport::total() const {
  Row sum;
  for (const Row& row : rows) sum.add(row);
  return sum;
}

std::string PowerCutReport::table() const {
  std::string text = fmt::format("{:<12}{:>9}{:>10}{:>8}{:>9}{:>9}{:>9}{:>9}{:>10}{:>12}\n", "lost",
                                 "images", "mattered", "twice", "commits", "acked", "refused",
                                 "damaged", "invented", "violations");
  for (std::size_t i = 0; i < kCuts; ++i) text += line(cut_name(static_cast<Cut>(i)), rows[i]);
  text += line("in all", total());
  text += fmt::format("{} histories, {} violations\n", histories, violations);
  for (const std::string& what : violated) text += what + "\n";
  return text;
}

}  // namespace simulation
