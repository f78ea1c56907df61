#include "tools/bench/types/three_agents.h"

#include <algorithm>
#include <map>

#include "crdt/base/check.h"
#include "crdt/base/random.h"

namespace bench {
namespace {

constexpr std::size_t kAgents = 3;
constexpr std::uint64_t kBatchMax = 20;   // steps
constexpr std::uint32_t kLostOneIn = 4;   // batches
constexpr std::uint32_t kTwiceOneIn = 8;  // batches

class TextAgent {
 public:
  TextAgent(const History& history, const Replay& replay)
      : history_(history),
        replay_(replay),
        has_(history.steps.size(), false),
        applied_(history.steps.size(), false) {}

  bool has(std::uint32_t step) const { return has_[step]; }
  bool complete() const { return applied_count_ == applied_.size(); }
  std::string text() const {
    text_.check();
    return text_.text();
  }

  void take(std::uint32_t step) {
    if (has_[step]) return;
    has_[step] = true;
    std::vector<std::uint32_t> ready{step};
    while (!ready.empty()) {
      const std::uint32_t one = ready.back();
      ready.pop_back();
      const auto& parents = history_.steps[one].parents;
      const auto lacks = std::find_if(parents.begin(), parents.end(),
                                      [&](std::uint32_t parent) { return !applied_[parent]; });
      if (lacks != parents.end()) {
        waiting_.emplace(*lacks, one);
        continue;
      }
      for (std::size_t i = replay_.edit_at(one); i < replay_.edit_at(one + 1); ++i) {
        CHECK(apply(text_, replay_.edits()[i]));
      }
      applied_[one] = true;
      ++applied_count_;
      const auto [first, last] = waiting_.equal_range(one);
      for (auto at = first; at != last; ++at) ready.push_back(at->second);
      waiting_.erase(first, last);
    }
  }

 private:
  const History& history_;
  const Replay& replay_;
  crdt::Sequence text_;
  std::vector<bool> has_;
  std::vector<bool> applied_;
  std::size_t applied_count_ = 0;
  std::multimap<std::uint32_t, std::uint32_t> waiting_;  // by a step that it lacks
};

// A random part of what `from` has and `to` lacks, in a random order.
std::vector<std::uint32_t> batch(const TextAgent& from, const TextAgent& to, std::uint32_t steps,
                                 base::Random& random) {
  std::vector<std::uint32_t> lacking;
  for (std::uint32_t i = 0; i < steps; ++i) {
    if (from.has(i) && !to.has(i)) lacking.push_back(i);
  }
  const std::size_t count =
      std::min<std::size_t>(lacking.size(), 1 + random.below(kBatchMax) + lacking.size() / 8);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(lacking[i], lacking[i + random.below(lacking.size() - i)]);
  }
  lacking.resize(count);
  return lacking;
}

}  // namespace

std::array<std::string, 3> exchange(const History& history, const Replay& replay,
                                    std::uint64_t seed) {
  base::Random random = base::Random::from_number(seed);
  const auto steps = static_cast<std::uint32_t>(history.steps.size());
  std::vector<TextAgent> agents(kAgents, TextAgent(history, replay));
  for (std::uint32_t i = 0; i < steps; ++i) agents[random.below(kAgents)].take(i);

  struct Batch {
    std::size_t to;
    std::vector<std::uint32_t> steps;
  };
  std::vector<Batch> on_the_way;
  auto complete = [](const TextAgent& agent) { return agent.complete(); };
  while (!std::all_of(agents.begin(), agents.end(), complete)) {
    const std::size_t from = random.below(kAgents);
    const std::size_t to = (from + 1 + random.below(kAgents - 1)) % kAgents;
    std::vector<std::uint32_t> sent = batch(agents[from], agents[to], steps, random);
    const bool lost = random.chance(kLostOneIn);
    const bool twice = random.chance(kTwiceOneIn);
    if (!lost && !sent.empty()) on_the_way.push_back({to, sent});
    if (!lost && twice) on_the_way.push_back({to, std::move(sent)});
    if (on_the_way.empty() || random.chance(3)) continue;
    std::swap(on_the_way[random.below(on_the_way.size())], on_the_way.back());
    for (std::uint32_t step : on_the_way.back().steps) agents[on_the_way.back().to].take(step);
    on_the_way.pop_back();
  }
  return {agents[0].text(), agents[1].text(), agents[2].text()};
}

}  // namespace bench
