#include "tools/bench/types/authors.h"

#include <algorithm>
#include <numeric>

namespace bench {
namespace {

// Ids compare like (agent, seq).
crdt::ActorId actor_of(std::uint32_t agent, std::uint64_t seq) {
  crdt::ActorId id;
  for (std::size_t i = 0; i < 4; ++i) {
    id.bytes[i] = static_cast<unsigned char>(agent >> (24 - 8 * i));
  }
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[4 + i] = static_cast<unsigned char>(seq >> (56 - 8 * i));
  }
  return id;
}

}  // namespace

std::vector<crdt::Dot> authors_of(const History& history, const StepGraph& graph) {
  const std::vector<Step>& steps = history.steps;
  std::vector<std::uint32_t> order(steps.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t one, std::uint32_t other) {
    if (steps[one].agent != steps[other].agent) return steps[one].agent < steps[other].agent;
    return steps[one].seq < steps[other].seq;
  });
  std::vector<crdt::Dot> authors(steps.size());
  crdt::Dot next;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Step& step = steps[order[i]];
    const bool goes_on = i > 0 && steps[order[i - 1]].agent == step.agent &&
                         graph.includes(step.parents, order[i - 1]);
    if (!goes_on) next = {actor_of(step.agent, step.seq), 1, 0};
    authors[order[i]] = next;
    next.seq += step.patches.size();
  }
  return authors;
}

}  // namespace bench
