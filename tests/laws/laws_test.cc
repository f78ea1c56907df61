// Random runs against the naive model of intent.h. Replicas with bad clocks write to few entries
// and fields; changes travel in any order, repeated, in any grouping. After every step that is
// looked at, each replica holds exactly the marks that are alive by intent, shows what the model
// shows, and its digest is the sum of its cells. In the end all are equal.

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/base/random.h"
#include "intent.h"
#include "peer.h"

namespace crdt::laws {
namespace {

struct Profile {
  std::uint64_t ids;
  std::uint64_t fields;
  std::uint64_t deliver_weight;  // of 10 steps
};

struct Sent {
  base::Bytes sealed;
  std::vector<std::size_t> operations;
};

struct Host {
  Peer peer;
  intent::Known known;
  std::int64_t skew_seconds = 0;
  std::vector<std::size_t> parked = {};
};

class Run {
 public:
  Run(std::uint64_t seed, const Profile& profile)
      : random_(base::Random::from_number(seed)), profile_(profile) {
    std::uint64_t hosts = 3 + random_.below(5);
    for (std::uint64_t i = 0; i < hosts; ++i) hosts_.push_back({fresh_peer(), {}});
  }

  std::size_t operations() const { return model_.size(); }
  std::size_t not_yet() const { return not_yet_; }
  std::size_t conflicts_seen() const { return conflicts_seen_; }

  void go(std::size_t operations) {
    while (model_.size() + 4 < operations) {
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
  Peer fresh_peer() { return Peer(fresh_actor(), HybridClock({}, {base::seconds(300), 0})); }

  // Whole seconds and few of them: equal stamps of different hosts are common.
  base::Now now_at(const Host& host) {
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

  intent::Operation any_operation() {
    intent::Operation operation;
    operation.verb = static_cast<intent::Verb>(random_.below(5));
    operation.id = any_id();
    std::uint64_t count = random_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string field = any_field();
      if (operation.verb == intent::Verb::kUnset) {
        operation.unset.insert(field);
      } else if (operation.verb != intent::Verb::kRemove) {
        operation.values[field] = std::to_string(random_.below(3));
      }
    }
    return operation;
  }

  static std::vector<Effect> plan(const Peer& peer, const intent::Operation& operation,
                                  HybridTime time) {
    Entry entry = peer.entry(operation.id);
    // Members in an order of their own: the plan is what sorts them.
    Members members(operation.values.rbegin(), operation.values.rend());
    switch (operation.verb) {
      case intent::Verb::kAdd:
        return plan_add(entry, members, time);
      case intent::Verb::kPut:
        return plan_put(entry, members, time);
      case intent::Verb::kPatch:
        return plan_patch(entry, members, time);
      case intent::Verb::kUnset:
        return plan_unset(entry, {operation.unset.begin(), operation.unset.end()});
      case intent::Verb::kRemove:
        return plan_remove(entry);
    }
    return {};
  }

  void write(Host& host) {
    std::vector<intent::Operation> operations;
    std::uint64_t count = random_.chance(4) ? 1 + random_.below(3) : 1;
    for (std::uint64_t i = 0; i < count; ++i) operations.push_back(any_operation());
    std::vector<Peer::Plan> plans;
    for (const auto& operation : operations) {
      plans.push_back([&](HybridTime time) { return plan(host.peer, operation, time); });
    }
    auto written = host.peer.write(now_at(host), plans);
    if (!written) return;
    record(host, operations, *written);
  }

  // Tells the model, and remembers which operation each dot came from.
  void record(Host& host, const std::vector<intent::Operation>& operations,
              const Peer::Written& written) {
    const Change& change = written.change;
    Sent sent{written.sealed, {}};
    std::size_t effect = 0;
    for (std::size_t step = 0; step < operations.size(); ++step) {
      if (written.effects[step] == 0) {
        // Without effects nothing of it may have been alive.
        ASSERT_TRUE(meaningless(host, operations[step]));
        continue;
      }
      intent::Operation operation = operations[step];
      operation.author = change.actor.view();
      operation.change = change.seq;
      operation.step = step;
      operation.clock = {change.time.nanos, change.time.counter};
      operation.past = host.known;
      std::size_t index = model_.record(std::move(operation));
      host.known.set(index);
      sent.operations.push_back(index);
      for (std::size_t i = 0; i < written.effects[step]; ++i) {
        origin_[change.dot_of(effect++)] = index;
      }
    }
    sent_.push_back(std::move(sent));
  }

  bool meaningless(const Host& host, const intent::Operation& operation) const {
    auto live = model_.live(host.known, operation.id);
    switch (operation.verb) {
      case intent::Verb::kAdd:
      case intent::Verb::kPut:
        return false;
      case intent::Verb::kPatch:
        return operation.values.empty();
      case intent::Verb::kUnset:
        return std::none_of(operation.unset.begin(), operation.unset.end(), [&](const auto& field) {
          return live.count({intent::Place::Kind::kField, field}) > 0;
        });
      case intent::Verb::kRemove:
        return live.empty();
    }
    return false;
  }

  bool offer(Host& host, std::size_t index) {
    const Sent& sent = sent_[index];
    Peer::Offer outcome = host.peer.offer(now_at(host), sent.sealed);
    if (outcome == Peer::Offer::kNotYet) {
      ++not_yet_;
      return false;
    }
    if (outcome == Peer::Offer::kSeen) {
      for (std::size_t operation : sent.operations) EXPECT_TRUE(host.known[operation]);
      return true;
    }
    for (std::size_t operation : sent.operations) {
      // The gate let it through: everything its author had seen must be here.
      intent::Known before = model_.operation(operation).past;
      EXPECT_EQ(before & ~host.known, intent::Known());
      host.known.set(operation);
    }
    return true;
  }

  void deliver_some(Host& host) {
    if (sent_.empty()) return;
    std::uint64_t count = 1 + random_.below(8);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::size_t index = static_cast<std::size_t>(random_.below(sent_.size()));
      if (!offer(host, index)) park(host, index);
    }
    // From the front and over again, as a replica looks at what waits after each change.
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
    std::size_t cells = 0;
    for (std::uint64_t i = 0; i < profile_.ids; ++i) {
      cells += check_entry(host, "id" + std::to_string(i));
    }
    std::size_t held = 0;
    for (const auto& [slot, live] : host.peer.cells()) held += live.size();
    ASSERT_EQ(held, cells) << "cells outside every entry";
  }

  void check_cells(const Cells& cells, const std::set<std::size_t>& expected,
                   const std::string& field) {
    std::set<std::size_t> found;
    EXPECT_TRUE(std::is_sorted(cells.begin(), cells.end(),
                               [](const Cell& a, const Cell& b) { return a.dot < b.dot; }));
    for (const Cell& cell : cells) {
      std::size_t index = origin_.at(cell.dot);
      const intent::Operation& operation = model_.operation(index);
      found.insert(index);
      EXPECT_EQ(cell.stamp.time.nanos, operation.stamp.nanos);
      EXPECT_EQ(cell.stamp.time.counter, operation.stamp.counter);
      EXPECT_EQ(cell.body, field.empty() ? "" : operation.values.at(field));
    }
    ASSERT_EQ(found, expected);
  }

  std::size_t check_entry(const Host& host, const std::string& id) {
    using Kind = intent::Place::Kind;
    Entry entry = host.peer.entry(id);
    std::size_t count = entry.presence.size() + entry.reset.size();
    auto live = model_.live(host.known, id);
    check_cells(entry.presence, live[{Kind::kPresence, ""}], "");
    check_cells(entry.reset, live[{Kind::kWhole, ""}], "");
    for (std::uint64_t i = 0; i < profile_.fields; ++i) {
      std::string field = "f" + std::to_string(i);
      count += entry.fields[field].size();
      check_cells(entry.fields[field], live[{Kind::kField, field}], field);
    }
    EXPECT_EQ(exists(entry), model_.exists(host.known, id));
    auto expected = model_.shown(host.known, id);
    EXPECT_EQ(shown(entry), Members(expected.begin(), expected.end()));
    check_conflicts(entry, model_.conflicts(host.known, id));
    return count;
  }

  void check_conflicts(const Entry& entry, const std::vector<intent::Conflict>& expected) {
    std::vector<intent::Conflict> found;
    for (const Conflict& conflict : conflicts(entry)) {
      intent::Conflict seen{
          conflict.field, origin_.at(conflict.winner.dot), {}, std::string(conflict.rule)};
      for (const Cell& loser : conflict.losers) seen.losers.push_back(origin_.at(loser.dot));
      found.push_back(std::move(seen));
    }
    conflicts_seen_ += found.size();
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i], expected[i]) << found[i].rule << " against " << expected[i].rule;
    }
  }

  // Everything reaches everybody, in an order of its own for each, twice; one host starts empty.
  void settle() {
    hosts_.push_back({fresh_peer(), {}});
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
      ASSERT_EQ(host.known.count(), model_.size());
      ASSERT_EQ(host.peer.cells(), first.cells());
      ASSERT_EQ(host.peer.digest(), first.digest());
      ASSERT_EQ(host.peer.vector(), first.vector());
      ASSERT_EQ(vector_digest(host.peer.vector()), vector_digest(first.vector()));
    }
  }

  base::Random random_;
  Profile profile_;
  intent::Model model_;
  std::vector<Host> hosts_;
  std::vector<Sent> sent_;
  std::map<Dot, std::size_t> origin_;
  std::int64_t seconds_ = 0;
  std::size_t not_yet_ = 0;
  std::size_t conflicts_seen_ = 0;
};

struct Totals {
  std::size_t operations = 0;
  std::size_t not_yet = 0;
  std::size_t conflicts = 0;
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
    if (::testing::Test::HasFailure()) break;
  }
  return totals;
}

// A class of trouble that never came up proves nothing.
void expect_mattered(const Totals& totals, std::size_t operations) {
  EXPECT_GE(totals.operations, operations);
  EXPECT_GT(totals.not_yet, operations / 100);
  EXPECT_GT(totals.conflicts, operations / 100);
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
