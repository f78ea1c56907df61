#pragma once

// The planted bugs: which rule each one breaks, and how. A run with a planted bug must fail. If no
// checker ever notices one, a checker is missing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/simulator/run.h"

namespace simulation {

struct PlantInfo {
  int number = 0;
  std::string_view name;  // "wall-clock-as-stamp"
  int rule = 0;
  std::string_view what;
  bool rare = false;  // noticed in fewer than one of 200 runs: a directed test shows it
};

const std::vector<PlantInfo>& plants();
const PlantInfo* find_plant(int number);
void plant(int number);  // 0: none. Call it before anything runs

struct Hunt {
  const PlantInfo* plant = nullptr;
  std::uint64_t seeds = 0;  // seeds that were tried
  std::optional<Report> caught;
};
// Runs seeds from `first` until a checker notices the planted bug, at most `most` seeds. A seed
// that fails without the bug does not count. `options`: as for a sweep; it stops at the first one.
Hunt hunt(const PlantInfo& plant, SweepOptions options);
std::string text_of(const std::vector<Hunt>& hunts);

}  // namespace simulation
