#include "tools/bench/types/step_graph.h"

#include <algorithm>
#include <queue>

namespace bench {
namespace {

constexpr unsigned kOfKnown = 1;
constexpr unsigned kOfVersion = 2;
constexpr unsigned kOfBoth = 3;

}  // namespace

// Walks down from both versions at once, latest step first. A step is taken when all its children
// were, so it is known by then whether one version has it or both. What is below shared steps is
// shared.
std::optional<std::vector<std::uint32_t>> StepGraph::missing(const Heads& known,
                                                             const Heads& version) const {
  std::priority_queue<std::pair<std::uint32_t, unsigned>> queue;
  std::size_t single = 0;  // entries of one version only
  auto add = [&](std::uint32_t step, unsigned of) {
    queue.emplace(step, of);
    if (of != kOfBoth) ++single;
  };
  for (std::uint32_t step : known) add(step, kOfKnown);
  for (std::uint32_t step : version) add(step, kOfVersion);
  std::vector<std::uint32_t> missing;
  while (single > 0) {
    const std::uint32_t step = queue.top().first;
    unsigned of = 0;
    while (!queue.empty() && queue.top().first == step) {
      of |= queue.top().second;
      if (queue.top().second != kOfBoth) --single;
      queue.pop();
    }
    if (of == kOfKnown) return std::nullopt;
    if (of == kOfVersion) missing.push_back(step);
    for (std::uint32_t parent : steps_[step].parents) add(parent, of);
  }
  std::reverse(missing.begin(), missing.end());
  return missing;
}

bool StepGraph::includes(const Heads& version, std::uint32_t step) const {
  if (std::binary_search(version.begin(), version.end(), step)) return true;
  std::priority_queue<std::uint32_t> queue(version.begin(), version.end());
  while (!queue.empty() && queue.top() > step) {
    const std::uint32_t one = queue.top();
    while (!queue.empty() && queue.top() == one) queue.pop();
    for (std::uint32_t parent : steps_[one].parents) queue.push(parent);
  }
  return !queue.empty() && queue.top() == step;
}

StepGraph::Heads StepGraph::heads() const {
  std::vector<bool> is_parent(steps_.size(), false);
  for (const Step& step : steps_) {
    for (std::uint32_t parent : step.parents) is_parent[parent] = true;
  }
  Heads heads;
  for (std::uint32_t i = 0; i < steps_.size(); ++i) {
    if (!is_parent[i]) heads.push_back(i);
  }
  return heads;
}

}  // namespace bench
