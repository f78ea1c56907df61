#pragma once

// The planted bugs: which rule each breaks, and how. A run with a plant must fail; one that no
// checker ever sees is a missing checker.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/simulator/report.h"

namespace simulation {

struct PlantInfo {
  int number = 0;
  std::string_view name;  // "wall-clock-as-stamp"
  int rule = 0;
  std::string_view what;
  bool rare = false;  // seen in fewer than one of 200 runs: a directed test shows it
};

const std::vector<PlantInfo>& plants();
const PlantInfo* find_plant(int number);
void plant(int number);  // 0: none. Before anything runs

struct Hunt {
  const PlantInfo* plant = nullptr;
  std::uint64_t seeds = 0;  // tried
  std::optional<Report> caught;
};
// Runs seeds from `first` until a checker sees the plant, at most `most`; a seed that fails without
// it does not count.
Hunt hunt(const PlantInfo& plant, std::uint64_t first, std::uint64_t most, std::size_t jobs);
std::string text_of(const std::vector<Hunt>& hunts);

}  // namespace simulation
