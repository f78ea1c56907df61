// What clients bring decides by itself: with stamps, tags and totals it does not matter which agent
// gets a write, in which order, or how often. So a model needs no replicas: the end is a function
// of the set of all writes.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "crdt/base/random.h"
#include "map_view.h"

namespace crdt {
namespace {

constexpr std::size_t kAgents = 3;

// One device writes one thing at one moment.
struct Moment {
  std::int64_t nanos = 0;
  std::string device;
  auto operator<=>(const Moment&) const = default;
};

class Mesh {
 public:
  explicit Mesh(std::uint64_t seed) : random_(base::Random::from_number(seed)) {
    for (const char name : {'a', 'b', 'c'}) agents_.emplace_back(name, "o");
  }

  // A client sends its write to any agent, and perhaps to another one as well.
  void send(const Op& op) {
    ASSERT_NO_FATAL_FAILURE(write(op));
    while (random_.chance(3)) ASSERT_NO_FATAL_FAILURE(write(op));
  }

  void gossip() {
    const std::size_t from = random_.below(kAgents);
    const std::size_t to = random_.below(kAgents);
    for (const Sent& sent : std::vector<Sent>(agents_[from].log())) {
      if (!agents_[to].take(sent) || random_.chance(4)) return;
    }
  }

  void finish() {
    for (int round = 0; round < 2; ++round) {
      for (Site& to : agents_) {
        for (Site& from : agents_) to.take_all(from.log());
      }
    }
    for (Site& agent : agents_) {
      EXPECT_EQ(agent.view().digest(), agents_[0].view().digest());
      EXPECT_EQ(agent.value(), agents_[0].value());
    }
  }

  Site& agent() { return agents_[0]; }
  base::Random& random() { return random_; }

 private:
  void write(const Op& op) {
    Site& agent = agents_[random_.below(kAgents)];
    const auto sent = agent.write({op});
    ASSERT_TRUE(sent.ok()) << sent.error().message;
  }

  base::Random random_;
  std::vector<Site> agents_;
};

class StampLaws : public testing::TestWithParam<int> {
 protected:
  Mesh mesh{static_cast<std::uint64_t>(GetParam())};
  base::Random& random = mesh.random();
};

// The value of the latest moment is shown, unless that one says that there is none.
TEST_P(StampLaws, TheLatestWriteOfARegisterIsShown) {
  for (const bool keeps_ties : {false, true}) {
    std::map<std::string, std::map<Moment, std::string>> said;  // by key; empty: absent
    for (int i = 0; i < 120; ++i) {
      const std::string key = "k" + std::to_string(random.below(3)) + (keeps_ties ? "t" : "");
      const Moment moment{static_cast<std::int64_t>(random.below(12)),
                          "dev" + std::to_string(random.below(3))};
      const std::uint64_t dice = random.below(4);
      // A device says one thing at one moment, whenever it sends that.
      const auto known = said[key].try_emplace(moment, dice == 0 ? "" : std::to_string(i)).first;
      Op op = set({key}, known->second, SlotType::kLwwRegister);
      if (known->second.empty()) {
        op.verb = Verb::kAbsent;
        op.argument = {};
      }
      op.stamp = Stamp{{moment.nanos, 0}, moment.device};
      op.keeps_ties = keeps_ties;
      ASSERT_NO_FATAL_FAILURE(mesh.send(op));
      mesh.gossip();
    }
    mesh.finish();
    for (const auto& [key, moments] : said) {
      const std::string& latest = moments.rbegin()->second;
      EXPECT_EQ(mesh.agent().value({key}), latest.empty() ? "-" : latest) << key;
    }
  }
}

// With ties that are kept, every value of the latest time that is another one can be read.
TEST_P(StampLaws, WhatOthersSaidAtTheLatestTimeIsAConflict) {
  std::map<Moment, std::string> said;
  for (int i = 0; i < 60; ++i) {
    const Moment moment{static_cast<std::int64_t>(random.below(4)),
                        "dev" + std::to_string(random.below(4))};
    const auto known = said.try_emplace(moment, std::to_string(i)).first;
    Op op = set({"k"}, known->second, SlotType::kLwwRegister);
    op.stamp = Stamp{{moment.nanos, 0}, moment.device};
    op.keeps_ties = true;
    ASSERT_NO_FATAL_FAILURE(mesh.send(op));
    mesh.gossip();
  }
  mesh.finish();
  std::set<std::string> at_latest;
  for (const auto& [moment, value] : said) {
    if (moment.nanos == said.rbegin()->first.nanos) at_latest.insert(value);
  }
  std::set<std::string> readable{mesh.agent().value({"k"})};
  for (const Hidden& hidden : mesh.agent().conflicts({"k"})) {
    for (const Side& loser : hidden.losers) readable.insert(loser.value);
  }
  EXPECT_TRUE(std::includes(readable.begin(), readable.end(), at_latest.begin(), at_latest.end()));
}

TEST_P(StampLaws, TheValueOfACounterIsTheSumOfTheHighestTotals) {
  for (const Path& at : {Path{"n"}, Path{"m", "n"}}) {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> most;
    for (int i = 0; i < 80; ++i) {
      const std::string node = "meter" + std::to_string(random.below(4));
      const std::uint64_t added = random.below(50);
      const std::uint64_t taken = random.below(50);
      auto& [a, t] = most[node];
      a = std::max(a, static_cast<std::int64_t>(added));
      t = std::max(t, static_cast<std::int64_t>(taken));
      Op op{at, Verb::kTotals, Totals{{{node, added, taken}}}, SlotType::kPnCounter, {}};
      ASSERT_NO_FATAL_FAILURE(mesh.send(op));
      mesh.gossip();
    }
    mesh.finish();
    std::int64_t sum = 0;
    for (const auto& [node, total] : most) sum += total.first - total.second;
    EXPECT_EQ(mesh.agent().value(at), std::to_string(sum));
  }
}

// Tags are never used again, so an element is there exactly while one of its tags was not removed
// by somebody who had it.
TEST_P(StampLaws, AnElementIsThereWhileATagOfItIsNotRemoved) {
  std::map<std::string, std::set<std::string>> added;  // tags by element
  std::set<std::string> removed;
  std::vector<std::pair<std::string, std::string>> all;
  for (int i = 0; i < 80; ++i) {
    if (!all.empty() && random.chance(3)) {
      const auto [element, tag] = random.pick(all);
      mesh.finish();  // its client has seen the tag, so the agents have it
      Op op = remove({"s"}, element);
      op.tags = {tag};
      ASSERT_NO_FATAL_FAILURE(mesh.send(op));
      removed.insert(tag);
    } else {
      const std::string element = std::to_string(random.below(4));
      const std::string tag = "t" + std::to_string(i);
      Op op = add({"s"}, element);
      op.tags = {tag};
      ASSERT_NO_FATAL_FAILURE(mesh.send(op));
      added[element].insert(tag);
      all.emplace_back(element, tag);
    }
    mesh.gossip();
  }
  mesh.finish();
  std::string expected;
  for (const auto& [element, tags] : added) {
    const bool is_there = std::any_of(
        tags.begin(), tags.end(), [&](const std::string& tag) { return !removed.contains(tag); });
    if (is_there) expected += (expected.empty() ? "" : ",") + element;
  }
  EXPECT_EQ(mesh.agent().value({"s"}), "[" + expected + "]");
}

INSTANTIATE_TEST_SUITE_P(ClientStamps, StampLaws, testing::Range(1, 21));

}  // namespace
}  // namespace crdt
