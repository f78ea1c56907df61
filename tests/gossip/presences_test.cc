#include "gossip/presence/presences.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "crdt/base/random.h"
#include "gossip/rate_limit.h"

namespace gossip {
namespace {

NodeId node_of(unsigned char number) {
  NodeId node;
  node.bytes.fill(number);
  return node;
}

wire::Presence told_of(unsigned char origin, std::uint64_t version, const std::string& key,
                       std::uint64_t life = 30'000, const base::Bytes& body = "x") {
  return {node_of(origin), version, "t", key, life, life == 0 ? base::Bytes() : body};
}

// The table of node 1, in its second start.
struct Table {
  Options options;
  Stats stats;
  base::Instant now{base::seconds(1'000).nanos};
  std::unique_ptr<Presences> presences;

  explicit Table(const Options& given = {}) : options(given) {
    presences = std::make_unique<Presences>(node_of(1), 2, options, stats);
  }
  void pass(base::Duration time) {
    now = now + time;
    presences->advance(now);
  }
  std::vector<std::string> shown() {
    std::vector<std::string> texts;
    for (const PresenceView& view : presences->shown(now, "t")) {
      texts.push_back(view.key + "@" + std::to_string(view.node.bytes[0]) + "=" + view.body);
    }
    return texts;
  }
  std::vector<wire::Presence> next_round(std::size_t targets, std::size_t members = 3) {
    now = std::max(now, presences->next_deadline());
    return presences->due(now) ? presences->round(now, targets, members)
                               : std::vector<wire::Presence>{};
  }
};

using Texts = std::vector<std::string>;

TEST(RateLimit, AllowsABurstAndThenItsRate) {
  RateLimit limit(10, 5);
  base::Instant now{0};
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limit.take(now, 1)) << i;

  EXPECT_FALSE(limit.take(now, 1));
  EXPECT_FALSE(limit.take(now + base::millis(99), 1));
  EXPECT_TRUE(limit.take(now + base::millis(100), 1));
  EXPECT_FALSE(limit.take(now + base::millis(199), 1));
  EXPECT_TRUE(limit.take(now + base::seconds(60), 5));
  EXPECT_FALSE(limit.take(now + base::seconds(60), 1));
}

TEST(Presences, ALaterVersionWinsInWhateverOrderTheyArrive) {
  Table table;
  table.presences->take(table.now, told_of(2, 7, "k", 30'000, "new"));
  table.presences->take(table.now, told_of(2, 6, "k", 30'000, "old"));
  table.presences->take(table.now, told_of(2, 7, "k", 30'000, "same"));

  EXPECT_EQ(table.shown(), (Texts{"k@2=new"}));
  EXPECT_EQ(table.stats.presences_duplicate, 2u);
  table.presences->take(table.now, told_of(2, 8, "k", 0));
  table.presences->take(table.now, told_of(2, 7, "k", 30'000, "late"));
  EXPECT_EQ(table.shown(), Texts{});
  table.presences->take(table.now, told_of(2, 9, "k", 30'000, "again"));
  EXPECT_EQ(table.shown(), (Texts{"k@2=again"}));
}

TEST(Presences, ALateCopyDoesNotBringBackWhatIsOver) {
  Table table;
  table.presences->take(table.now, told_of(2, 7, "k", 10'000));
  table.pass(base::millis(9'999));
  EXPECT_EQ(table.shown().size(), 1u);
  table.pass(base::millis(1));
  EXPECT_EQ(table.shown(), Texts{});

  table.pass(base::millis(29'999));
  table.presences->take(table.now, told_of(2, 7, "k", 30'000));
  EXPECT_EQ(table.shown(), Texts{});
  EXPECT_EQ(table.presences->remembered(), 1u);
  table.pass(base::millis(1));
  EXPECT_EQ(table.presences->remembered(), 0u);
  EXPECT_EQ(table.presences->bytes(), 0u);
}

TEST(Presences, AnEndThatComesBeforeItsBeginningHoldsItBack) {
  Table table;
  table.presences->take(table.now, told_of(2, 8, "k", 0));
  table.presences->take(table.now, told_of(2, 7, "k", 30'000));

  EXPECT_EQ(table.shown(), Texts{});
}

TEST(Presences, EndWithTheirOriginAndThoseOfOthersStay) {
  Table table;
  table.presences->take(table.now, told_of(2, 7, "a"));
  table.presences->take(table.now, told_of(3, 7, "a"));
  ASSERT_TRUE(table.presences->set(table.now, "t", "a", "own").ok());

  table.presences->origin_gone(table.now, node_of(2));

  EXPECT_EQ(table.shown(), (Texts{"a@1=own", "a@3=x"}));
  table.presences->take(table.now, told_of(2, 7, "a"));  // a late copy
  EXPECT_EQ(table.shown(), (Texts{"a@1=own", "a@3=x"}));
  table.presences->take(table.now, told_of(2, 8, "a"));  // it lives after all
  EXPECT_EQ(table.shown(), (Texts{"a@1=own", "a@2=x", "a@3=x"}));
}

TEST(Presences, OfOurselvesAreTakenFromNobody) {
  Table table;
  table.presences->take(table.now, told_of(1, UINT64_MAX, "k"));

  EXPECT_EQ(table.shown(), Texts{});
}

TEST(Presences, AreToldAsOftenAsNewsAndWithTheLifeThatIsLeft) {
  Table table;
  ASSERT_TRUE(table.presences->set(table.now, "t", "k", "x").ok());
  table.now = table.now + base::seconds(2);

  auto first = table.next_round(3);

  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].life, 28'000u);
  EXPECT_EQ(first[0].version, (std::uint64_t{2} << 32) + 1);
  EXPECT_FALSE(table.presences->due(table.now));
  std::size_t told = 3;
  while (!table.next_round(3).empty()) told += 3;
  EXPECT_EQ(told, 6u);  // 6 times the digits of 3 + 1 members
}

TEST(Presences, TheLeastToldComeFirst) {
  Options options;
  options.presence_bytes_per_second = 32'768;  // 8 KiB a round
  Table table(options);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(
        table.presences->set(table.now, "t", std::to_string(i), base::Bytes(900, 'x')).ok());
  }
  std::vector<std::string> told;
  std::size_t rounds = 0;
  for (; told.size() < 20; ++rounds) {
    for (const wire::Presence& message : table.next_round(3)) told.push_back(message.key);
  }

  EXPECT_GT(rounds, 2u);
  EXPECT_EQ(std::set<std::string>(told.begin(), told.begin() + 20).size(), 20u);
}

TEST(Presences, TheBudgetOfBytesIsKept) {
  Options options;
  options.presence_bytes_per_second = 100'000;
  Table table(options);
  std::size_t bytes = 0;
  const base::Instant begin = table.now;
  for (int i = 0; table.now - begin < base::seconds(20); ++i) {
    (void)table.presences->set(table.now, "t", std::to_string(i % 300), base::Bytes(900, 'x'));
    table.pass(base::millis(10));
    if (!table.presences->due(table.now)) continue;
    for (const wire::Presence& told : table.presences->round(table.now, 3, 50)) {
      bytes += 3 * (told.topic.size() + told.key.size() + told.body.size());
    }
  }

  EXPECT_LE(bytes, 20u * 100'000 + 25'000);
  EXPECT_GT(bytes, 20u * 80'000);
}

TEST(Presences, AFloodOfOneOriginIsBoundedAndLeavesRoomForOthers) {
  Table table;
  std::uint64_t version = 0;
  for (int second = 0; second < 60; ++second) {
    for (int i = 0; i < 2'000; ++i) {
      ++version;
      table.presences->take(table.now, told_of(2, version, "k" + std::to_string(version)));
    }
    table.presences->take(table.now, told_of(3, version, "calm"));
    table.pass(base::seconds(1));
    const std::size_t held = table.presences->living() + table.presences->remembered();
    ASSERT_LE(held, table.options.presences_per_node + 1);
  }

  EXPECT_EQ(table.presences->shown(table.now, "t")[0].key, "calm");
  EXPECT_GT(table.stats.presences_dropped_rate, 100'000u);
  EXPECT_GT(table.stats.presences_dropped_bound, 0u);
}

TEST(Presences, TheWholeTableIsBoundedInEntriesAndBytes) {
  Options options;
  options.presences_max = 100;
  options.presence_bytes_max = 20'000;
  Table table(options);
  auto random = base::Random::from_number(5);
  for (std::uint64_t i = 1; i < 5'000; ++i) {
    auto origin = static_cast<unsigned char>(2 + random.below(100));
    auto key = std::to_string(random.below(50));
    auto size = random.below(900);
    auto life = random.below(4) == 0 ? 0 : random.below(30'000);
    table.presences->take(table.now, told_of(origin, i, key, life, base::Bytes(size, 'b')));
    table.pass(base::millis(50));
    ASSERT_LE(table.presences->living() + table.presences->remembered(), 100u);
    ASSERT_LE(table.presences->bytes(), 20'000u);
  }

  EXPECT_GT(table.stats.presences_dropped_bound, 100u);
  table.pass(base::seconds(30));
  table.pass(base::seconds(30));
  EXPECT_EQ(table.presences->bytes(), 0u);
  EXPECT_EQ(table.presences->next_deadline(), base::Instant::never());
}

// Any order of sets, ends, copies, deaths and time. What is shown is what a list of all messages
// says: of each origin and key the highest version decides.
TEST(Presences, ShowWhatTheHighestVersionSays) {
  struct Known {
    std::uint64_t version = 0;
    std::int64_t until = 0;  // 0: ended
    std::string body;
  };
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Table table;
    auto random = base::Random::from_number(seed);
    std::map<std::pair<std::string, int>, Known> model;
    std::deque<std::pair<base::Instant, wire::Presence>> sent;
    std::uint64_t version = 0;
    for (int step = 0; step < 600; ++step) {
      auto kind = random.below(10);
      if (kind == 0) {
        auto gone = static_cast<unsigned char>(2 + random.below(3));
        table.presences->origin_gone(table.now, node_of(gone));
        for (auto& [place, known] : model) known.until *= place.second != gone;
      } else if (kind < 4) {
        auto millis = random.below(900);
        table.pass(base::millis(static_cast<std::int64_t>(millis)));
      } else {
        // After 30 s nobody remembers that one has ended.
        while (!sent.empty() && table.now - sent.front().first > base::seconds(25)) {
          sent.pop_front();
        }
        bool copy = kind < 7 && !sent.empty();
        auto origin = static_cast<unsigned char>(2 + random.below(3));
        auto life = random.below(3) == 0 ? 0 : 1 + random.below(3'000);
        auto key = std::to_string(random.below(4));
        auto which = copy ? random.below(sent.size()) : 0;
        wire::Presence told =
            copy ? sent[which].second : told_of(origin, ++version, key, life, std::to_string(step));
        bool late = !copy && random.chance(4);
        if (!copy) sent.emplace_back(table.now, told);
        if (late) continue;  // only a copy will arrive
        table.presences->take(table.now, told);
        Known& known = model[{told.key, told.origin.bytes[0]}];
        if (told.version <= known.version) continue;
        std::int64_t life_nanos = base::millis(static_cast<std::int64_t>(told.life)).nanos;
        known = {told.version, told.life == 0 ? 0 : table.now.nanos + life_nanos, told.body};
      }
      Texts expected;
      for (const auto& [place, known] : model) {
        if (known.until <= table.now.nanos) continue;
        expected.push_back(place.first + "@" + std::to_string(place.second) + "=" + known.body);
      }
      ASSERT_EQ(table.shown(), expected) << "seed " << seed << " step " << step;
    }
    EXPECT_EQ(table.stats.presences_dropped_bound, 0u);
    EXPECT_EQ(table.stats.presences_dropped_rate, 0u);
  }
}

}  // namespace
}  // namespace gossip
