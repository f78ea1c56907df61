#pragma once

// What is done how often in one run. The weights are drawn once for each run, and some are left
// out, so that runs differ (swarm testing).

#include <vector>

#include "crdt/base/random.h"

namespace simulation {

class Weights {
 public:
  void draw(base::Random& random, std::size_t count) {
    weights_.resize(count);
    for (std::uint64_t& weight : weights_) {
      bool left_out = random.chance(4);
      std::uint64_t drawn = 4 + random.below(40);
      weight = left_out ? 0 : drawn;
    }
  }
  std::uint64_t& operator[](std::size_t number) { return weights_[number]; }
  // A number below the count. At least one weight must not be zero.
  std::size_t any(base::Random& random) const {
    std::uint64_t sum = 0;
    for (std::uint64_t weight : weights_) sum += weight;
    std::uint64_t drawn = random.below(sum);
    std::size_t number = 0;
    while (drawn >= weights_[number]) drawn -= weights_[number++];
    return number;
  }

 private:
  std::vector<std::uint64_t> weights_;
};

}  // namespace simulation
