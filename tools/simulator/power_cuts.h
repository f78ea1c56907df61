#pragma once

// The power-cut explorer: histories of a replica, images of what a cut at any I/O call would leave,
// each recovered and judged. Deterministic by its seed. What an image must hold stands in
// recovery_check.h.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/simulator/power_cut_history.h"

namespace simulation {

struct PowerCutOptions {
  std::uint64_t images = 100'000;
  std::uint64_t seed = 1;
  Course course = Course::kMixed;
  std::uint64_t steps = 60;         // of one history
  std::size_t images_of_step = 64;  // at most: they are held until the step has returned
};

struct PowerCutReport {
  static constexpr std::size_t kViolationsListed = 20;

  struct Row {
    std::uint64_t images = 0;
    std::uint64_t mattered = 0;  // something unsynced was lost or torn
    std::uint64_t twice = 0;     // and another cut met the recovery
    std::uint64_t lost_commits = 0;
    std::uint64_t lost_acknowledged = 0;
    std::uint64_t refused = 0;
    std::uint64_t damaged = 0;
    std::uint64_t invented = 0;
    std::uint64_t violations = 0;  // images with any
    void add(const Row& other);
  };
  std::uint64_t histories = 0;
  std::array<Row, kCuts> rows{};        // by Cut
  std::uint64_t violations = 0;         // images with any, and faults of histories
  std::vector<std::string> violated{};  // the first of them, each with its history's seed

  Row total() const;
  std::string table() const;
};

PowerCutReport explore_power_cuts(const PowerCutOptions& options);

}  // namespace simulation
