#pragma once

// The power-cut explorer. It runs histories of a replica, takes images of what a power cut at any
// I/O call would leave, recovers each image and checks it. The seed determines everything.
// recovery_check.h says what an image must hold.

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
  std::uint64_t steps = 60;         // steps of one history
  std::size_t images_of_step = 64;  // at most, because they are held until the step has returned
};

struct PowerCutReport {
  static constexpr std::size_t kViolationsListed = 20;

  struct Row {
    std::uint64_t images = 0;
    std::uint64_t mattered = 0;  // something unsynced was lost or torn
    std::uint64_t twice = 0;     // a second cut hit the recovery
    std::uint64_t lost_commits = 0;
    std::uint64_t lost_acknowledged = 0;
    std::uint64_t refused = 0;
    std::uint64_t damaged = 0;
    std::uint64_t invented = 0;
    std::uint64_t violations = 0;  // images with any
    void add(const Row& other);
  };
  std::uint64_t histories = 0;
  std::array<Row, kCuts> rows{};        // index: Cut
  std::uint64_t violations = 0;         // images with a violation, and errors of histories
  std::vector<std::string> violated{};  // the first violations, each with the seed of its history

  Row total() const;
  std::string table() const;
};

PowerCutReport explore_power_cuts(const PowerCutOptions& options);

}  // namespace simulation
