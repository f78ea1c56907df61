#pragma once

// Questions about the graph of a history: what does one version have that another one lacks? A
// version is the set of steps at or below its heads.

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/bench/types/history.h"

namespace bench {

class StepGraph {
 public:
  using Heads = std::vector<std::uint32_t>;  // ascending
  explicit StepGraph(const History& history) : steps_(history.steps) {}

  // The steps of `version` that `known` lacks, in an order in which causes come first. nullopt if
  // `known` has a step that `version` lacks.
  std::optional<std::vector<std::uint32_t>> missing(const Heads& known, const Heads& version) const;
  bool includes(const Heads& version, std::uint32_t step) const;
  // The steps that are parents of no other one.
  Heads heads() const;

 private:
  const std::vector<Step>& steps_;
};

}  // namespace bench
