#include "three_replicas.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/replica/store_view.h"
#include "crdt/types/shown.h"
#include "tests/replica/replica_fixture.h"
#include "tools/bench/workload.h"

namespace bench {
namespace {

constexpr std::size_t kSites = 3;
constexpr std::size_t kTurnMax = 50;        // own steps of a turn
constexpr std::size_t kHearEvery = 700;     // steps, for a replica that types nothing
constexpr std::size_t kReorderedMax = 400;  // a step comes at most so many too early
constexpr std::uint32_t kLostOneIn = 4;     // batches
constexpr std::uint32_t kTwiceOneIn = 8;    // batches

agent::Input typed(const Step& step) {
  agent::WriteObject write{"text", {}};
  for (const Patch& patch : step.patches) {
    if (patch.removed > 0) {
      write.ops.push_back({{},
                           crdt::Verb::kErase,
                           crdt::TextErase{patch.position, patch.removed},
                           crdt::SlotType::kSeq,
                           std::nullopt});
    }
    if (!patch.inserted.empty()) {
      write.ops.push_back({{},
                           crdt::Verb::kInsert,
                           crdt::TextInsert{patch.position, std::nullopt, patch.inserted},
                           crdt::SlotType::kSeq,
                           std::nullopt});
    }
  }
  return agent::Write{1, std::move(write)};
}

// Makes the actor of a replica known before anything is typed.
agent::Input greeting() {
  return agent::Write{1, agent::WriteObject{"greeting",
                                            {{{},
                                              crdt::Verb::kIncrement,
                                              crdt::Amount{1},
                                              crdt::SlotType::kGCounter,
                                              std::nullopt}}}};
}

std::vector<crdt::SealedChange> take_turn(agent::Replica& replica, std::int64_t millis,
                                          std::vector<agent::Input> inputs) {
  agent::Outputs out = replica.turn(now_of(millis), inputs, false);
  for (const agent::Reply& reply : out.replies) {
    EXPECT_TRUE(reply.result.ok()) << reply.result.error().message;
  }
  return std::move(out.facts.own);
}

}  // namespace

ThreeReplicas::ThreeReplicas(const History& history, const std::string& folder, std::uint64_t seed)
    : history_(history),
      graph_(history),
      random_(base::Random::from_number(seed)),
      sealed_(history.steps.size()) {
  std::vector<crdt::SealedChange> greetings;
  for (std::size_t i = 0; i < kSites; ++i) {
    auto opened = agent::Replica::open(now_of(0), folder + "/" + std::to_string(i) + ".db", {},
                                       "host", base::Random::from_number(10 * seed + i));
    EXPECT_TRUE(opened.ok());
    sites_.push_back({std::move(*opened), {}, {}});
    auto own = take_turn(*sites_.back().replica, millis_, {greeting()});
    greetings.insert(greetings.end(), own.begin(), own.end());
  }
  std::sort(sites_.begin(), sites_.end(), [](const Site& a, const Site& b) {
    return a.replica->own_actor() < b.replica->own_actor();
  });
  for (Site& site : sites_) take_turn(*site.replica, millis_, {agent::received(greetings)});
}

bool ThreeReplicas::can_be_typed() const {
  if (history_.agents.size() > kSites) return false;
  std::vector<StepGraph::Heads> heads(kSites);
  for (std::uint32_t i = 0; i < history_.steps.size(); ++i) {
    const Step& step = history_.steps[i];
    if (!graph_.missing(heads[step.agent], step.parents)) return false;
    heads[step.agent] = {i};
  }
  return true;
}

std::vector<std::string> ThreeReplicas::run() {
  for (std::uint32_t i = 0; i < history_.steps.size(); ++i) {
    const Step& step = history_.steps[i];
    Site& site = sites_[step.agent];
    hear(site, step.parents);
    site.unwritten.push_back(i);
    site.heads = {i};
    if (site.unwritten.size() == kTurnMax) write(site);
    const bool all_hear = i % kHearEvery == 0;
    for (std::size_t idle = history_.agents.size(); idle < kSites && all_hear; ++idle) {
      hear(sites_[idle], {i});
    }
  }
  for (Site& site : sites_) write(site);
  std::vector<std::string> values;
  for (Site& site : sites_) {
    hear(site, graph_.heads());
    agent::StoreView view(site.replica->store().cells(), "text");
    auto shown = crdt::shown_at(view, {}, std::nullopt, SIZE_MAX);
    EXPECT_TRUE(shown.ok());
    values.push_back(*shown ? (*shown)->value : "nothing");
  }
  return values;
}

bool ThreeReplicas::digests_are_equal() const {
  return std::all_of(sites_.begin(), sites_.end(), [&](const Site& site) {
    return site.replica->store().verify_digest().ok() &&
           site.replica->store().meta().digest == sites_[0].replica->store().meta().digest;
  });
}

void ThreeReplicas::write(Site& site) {
  // One step at a time knows its change: a step that changes nothing has none.
  std::vector<agent::Input> inputs;
  for (const std::uint32_t step : site.unwritten) inputs.push_back(typed(history_.steps[step]));
  agent::Outputs out = site.replica->turn(now_of(++millis_), inputs, false);
  std::size_t next = 0;
  for (std::size_t i = 0; i < site.unwritten.size(); ++i) {
    const agent::Reply& reply = out.replies.at(i);
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().message;
    if (reply.result->dot) sealed_[site.unwritten[i]] = out.facts.own.at(next++);
  }
  ASSERT_EQ(next, out.facts.own.size());
  site.unwritten.clear();
}

void ThreeReplicas::hear(Site& site, const StepGraph::Heads& version) {
  auto missing = graph_.missing(site.heads, version);
  ASSERT_TRUE(missing.has_value());
  if (missing->empty()) return;
  for (Site& other : sites_) {
    if (!other.unwritten.empty()) write(other);
  }
  deliver(site, std::move(*missing));
  site.heads = version;
}

void ThreeReplicas::deliver(Site& site, std::vector<std::uint32_t> steps) {
  const auto has = [&](std::uint32_t step) {
    const auto& change = sealed_[step];
    return !change || site.replica->vector().covers(change->actor, change->seq);
  };
  while (!steps.empty()) {
    const std::size_t near = std::min(steps.size(), kReorderedMax);
    std::vector<std::uint32_t> batch(steps.begin(),
                                     steps.begin() + static_cast<std::ptrdiff_t>(near));
    const std::size_t count = std::min<std::size_t>(
        batch.size(), 1 + static_cast<std::size_t>(random_.below(20)) + batch.size() / 8);
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(batch[i], batch[i + static_cast<std::size_t>(random_.below(batch.size() - i))]);
    }
    batch.resize(count);
    if (random_.chance(kLostOneIn)) {
      ++lost_;
      continue;
    }
    std::vector<crdt::SealedChange> changes;
    for (const std::uint32_t step : batch) {
      if (sealed_[step]) changes.push_back(*sealed_[step]);
    }
    const std::uint64_t times = random_.chance(kTwiceOneIn) ? 2 : 1;
    for (std::uint64_t i = 0; i < times; ++i)
      take_turn(*site.replica, ++millis_, {agent::received(changes)});
    if (!std::all_of(batch.begin(), batch.end(), has)) ++early_;
    std::erase_if(steps, has);
  }
}

}  // namespace bench
