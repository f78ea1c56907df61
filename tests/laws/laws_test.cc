// Random runs, compared with the oracle (tools/simulator/oracle.h). Replicas with wrong clocks
// write few entries and fields. Changes travel in any order and in any groups, some of them twice.
// After some steps one replica is checked: it must hold exactly the cells that the oracle expects,
// show the same values as the oracle, and have a digest that is the sum of its cells. At the end
// all replicas must be equal.

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/base/random.h"
#include "peer.h"
#include "tools/simulator/entry_check.h"

namespace crdt::laws {
namespace {

using simulation::EntryName;
using simulation::Intention;

struct Profile {
  std::uint64_t ids;
  std::uint64_t fields;
  std::uint64_t deliver_weight;  // of 10 steps
};

struct Host {
  Peer peer;
  // True if the host has no clock. Its stamps then follow from the highest time that it has
  // received. So two such hosts make equal stamps after they have exchanged changes.
  bool clockless = false;
  std::int64_t skew_seconds = 0;
  std::vector<std::size_t> parked = {};
};

class Run {
 public:
  Run(std::uint64_t seed, const Profile& profile)
      : random_(base::Random::from_number(seed)), profile_(profile) {
    std::uint64_t hosts = 3 + random_.below(5);
    for (std::uint64_t i = 0; i < hosts; ++i) hosts_.push_back({fresh_peer(), i % 2 == 0});
  }

  std::size_t operations() const { return operations_; }
  std::size_t not_yet() const { return not_yet_; }
  std::size_t conflicts_seen() const { return conflicts_seen_; }
  std::size_t ties_seen() const { return ties_seen_; }

  void go(std::size_t operations) {
    while (operations_ + 4 < operations) {
      Host& host = random_.pick(hosts_);
      if (random_.below(10) < profile_.deliver_weight) {
        deliver_some(host);
      } else {
        write(host);
      }
      if (random_.chance(20)) step_clock(host);
      if (random_.chance(60)) host.peer.mint(fresh_actor());
      if (random_.chance(6)) check(host);
      if (::testing::Test::HasFatalFailure()) return;
    }
    settle();
  }

 private:
  ActorId fresh_actor() { return random_.id<base::ActorTag>(); }
  Peer fresh_peer() { return Peer(fresh_actor(), HybridClock({}, {base::seconds(300), 1})); }

  // Few different times, in whole seconds. So different hosts often make equal stamps.
  base::Now now_at(const Host& host) {
    if (host.clockless) return {};
    seconds_ += random_.chance(10) ? 1 : 0;
    std::int64_t wall = 1'000'000 + seconds_ + host.skew_seconds;
    return {{}, wall * 1'000'000'000, random_.chance(2)};
  }
  void step_clock(Host& host) {
    static constexpr std::int64_t kSkews[] = {0, 0, 1, -1, 7, -400, 400, -90'000, 90'000};
    host.skew_seconds = kSkews[random_.below(std::size(kSkews))];
  }

  std::string any_id() { return "id" + std::to_string(random_.below(profile_.ids)); }
  std::string any_field() { return "f" + std::to_string(random_.below(profile_.fields)); }

  // No two values are equal, so a shown value tells who wrote it.
  std::string any_value() { return std::to_string(++values_); }

  Intention any_intention() {
    std::map<std::string, std::string> values;
    std::set<std::string> unset;
    std::uint64_t verb = random_.below(5);
    std::uint64_t count = random_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string field = any_field();
      if (verb == 3) {
        unset.insert(field);
      } else {
        values[field] = any_value();
      }
    }
    if (verb == 0) return Intention::add(std::move(values));
    if (verb == 1) return Intention::put(std::move(values));
    if (verb == 2) return Intention::patch(std::move(values), {});
    if (verb == 3) return Intention::patch({}, std::move(unset));
    return Intention::remove();
  }

  static std::vector<Effect> plan(const Peer& peer, const std::string& id, const Intention& meant,
                                  HybridTime time) {
    Entry entry = peer.entry(id);
    const Fields fields(meant.values.begin(), meant.values.end());
    if (meant.presence) return plan_add(entry, fields, time);
    if (meant.whole) return plan_put(entry, fields, time);
    if (meant.clears == Intention::Clears::kAll) return plan_remove(entry);
    if (!meant.unset.empty()) return plan_unset(entry, {meant.unset.begin(), meant.unset.end()});
    return plan_merge(entry, fields, time);
  }

  // Makes one change that touches one to three entries, each of them once.
  void write(Host& host) {
    std::map<std::string, Intention> meant;
    std::uint64_t count = random_.chance(4) ? 1 + random_.below(3) : 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string id = any_id();
      meant.insert_or_assign(std::move(id), any_intention());
    }
    std::vector<Peer::Plan> plans;
    for (const auto& [id, intention] : meant) {
      plans.push_back([&, &name = id, &what = intention](HybridTime time) {
        return plan(host.peer, name, what, time);
      });
    }
    const VersionVector past = host.peer.vector();
    auto written = host.peer.write(now_at(host), plans);
    simulation::Intended intended;
    std::size_t step = 0;
    for (auto& [id, intention] : meant) {
      const EntryName name{std::string(kObject), id};
      const bool changes = oracle_.changes_anything(name, intention, past);
      // The plan is empty if and only if the request changes nothing.
      ASSERT_EQ(changes, written && written->effects[step++] > 0) << id;
      if (changes) intended.emplace_back(name, std::move(intention));
    }
    if (!written) return;
    operations_ += intended.size();
    const Change& change = written->change;
    oracle_.wrote(std::move(intended), change.actor, change.seq, change.time, past);
    sent_.push_back(written->sealed);
  }

  bool offer(Host& host, std::size_t index) {
    Peer::Offer outcome = host.peer.offer(now_at(host), sent_[index]);
    if (outcome == Peer::Offer::kNotYet) ++not_yet_;
    return outcome != Peer::Offer::kNotYet;
  }

  void deliver_some(Host& host) {
    if (sent_.empty()) return;
    std::uint64_t count = 1 + random_.below(8);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::size_t index = static_cast<std::size_t>(random_.below(sent_.size()));
      if (!offer(host, index)) park(host, index);
    }
    // Tries the parked changes from the first one again until none can be applied, as a replica
    // does after each change.
    bool moved = true;
    while (moved) {
      moved = std::erase_if(host.parked, [&](std::size_t index) { return offer(host, index); }) > 0;
    }
  }

  void park(Host& host, std::size_t index) {
    static constexpr std::size_t kParkedMax = 6;
    if (host.parked.size() == kParkedMax) {
      host.parked.erase(host.parked.begin() +
                        static_cast<std::ptrdiff_t>(random_.below(kParkedMax)));
    }
    host.parked.push_back(index);
  }

  void check(const Host& host) {
    EXPECT_EQ(host.peer.digest(), host.peer.digest_from_cells());
    // The gate has let these changes through, so everything that their authors had seen must be
    // here.
    ASSERT_EQ(oracle_.gap(host.peer.vector()), std::nullopt);
    std::size_t cells = 0;
    for (std::uint64_t i = 0; i < profile_.ids; ++i) {
      const std::string id = "id" + std::to_string(i);
      const auto expected = oracle_.alive({std::string(kObject), id}, host.peer.vector());
      const Entry entry = host.peer.entry(id);
      ASSERT_EQ(simulation::difference(entry, expected), std::nullopt)
          << oracle_.history({std::string(kObject), id}, host.peer.vector());
      cells += expected.count();
      conflicts_seen_ += conflicts(entry).size();
      count_ties(expected.whole);
    }
    std::size_t held = 0;
    for (const auto& [slot, live] : host.peer.cells()) {
      held += live.size();
      EXPECT_TRUE(std::is_sorted(live.begin(), live.end(),
                                 [](const Cell& a, const Cell& b) { return a.dot < b.dot; }));
    }
    ASSERT_EQ(held, cells) << "cells outside every entry";
  }

  // Counts whole-object writes that are alive side by side with equal stamps.
  void count_ties(const simulation::Marks& whole) {
    std::set<HybridTime> stamps;
    for (const simulation::Mark& mark : whole) {
      if (!stamps.insert(mark.stamp).second) ++ties_seen_;
    }
  }

  // Gives every change to every host twice, each host in an order of its own. One host starts
  // empty.
  void settle() {
    hosts_.push_back({fresh_peer()});
    for (Host& host : hosts_) {
      std::vector<std::size_t> due;
      for (std::size_t i = 0; i < sent_.size(); ++i) due.insert(due.end(), {i, i});
      while (!due.empty()) {
        for (std::size_t i = due.size(); i > 1; --i) {
          std::swap(due[i - 1], due[static_cast<std::size_t>(random_.below(i))]);
        }
        ASSERT_GT(std::erase_if(due, [&](std::size_t index) { return offer(host, index); }), 0u);
      }
      check(host);
    }
    const Peer& first = hosts_.front().peer;
    for (const Host& host : hosts_) {
      ASSERT_EQ(host.peer.cells(), first.cells());
      ASSERT_EQ(host.peer.digest(), first.digest());
      ASSERT_EQ(host.peer.vector(), first.vector());
      ASSERT_EQ(vector_digest(host.peer.vector()), vector_digest(first.vector()));
    }
  }

  base::Random random_;
  Profile profile_;
  simulation::Oracle oracle_;
  std::vector<Host> hosts_;
  std::vector<base::Bytes> sent_;
  std::size_t operations_ = 0;
  std::uint64_t values_ = 0;
  std::int64_t seconds_ = 0;
  std::size_t not_yet_ = 0;
  std::size_t conflicts_seen_ = 0;
  std::size_t ties_seen_ = 0;
};

struct Totals {
  std::size_t operations = 0;
  std::size_t not_yet = 0;
  std::size_t conflicts = 0;
  std::size_t ties = 0;
};

Totals run_seeds(std::uint64_t first, std::uint64_t count, const Profile& profile,
                 std::size_t operations) {
  Totals totals;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Run run(seed, profile);
    run.go(operations);
    totals.operations += run.operations();
    totals.not_yet += run.not_yet();
    totals.conflicts += run.conflicts_seen();
    totals.ties += run.ties_seen();
    if (::testing::Test::HasFailure()) break;
  }
  return totals;
}

// If a kind of trouble never happened in a run, the run proves nothing about it.
void expect_mattered(const Totals& totals, std::size_t operations) {
  EXPECT_GE(totals.operations, operations);
  EXPECT_GT(totals.not_yet, operations / 100);
  EXPECT_GT(totals.conflicts, operations / 100);
  EXPECT_GT(totals.ties, operations / 1'000);
}

TEST(Laws, OneContendedEntry) { expect_mattered(run_seeds(1, 300, {1, 2, 5}, 120), 300 * 110); }

TEST(Laws, FewEntriesThatMeetOften) {
  expect_mattered(run_seeds(10'001, 250, {3, 3, 6}, 160), 250 * 150);
}

TEST(Laws, LongPartitionsThenHealing) {
  expect_mattered(run_seeds(20'001, 100, {2, 3, 2}, 200), 100 * 190);
}

TEST(Laws, ManyEntries) { expect_mattered(run_seeds(30'001, 60, {12, 4, 5}, 400), 60 * 390); }

}  // namespace
}  // namespace crdt::laws
