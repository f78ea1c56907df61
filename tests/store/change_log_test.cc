#include "store/change_log.h"

#include <gtest/gtest.h>

#include "sample.h"
#include "store/log_table.h"

namespace store {
namespace {

using sample::actor;
using sample::change;

struct Log : testing::Test {
  void begin() { ASSERT_TRUE(store->begin().ok()); }
  void commit() { ASSERT_TRUE(store->commit(Durability::kNormal).ok()); }
  void apply(unsigned who, std::uint64_t seq, std::size_t bytes = 100) {
    ASSERT_TRUE(sample::apply(*store, change(actor(who), seq, bytes)).ok());
  }
  void reopen() {
    store.reset();
    store = sample::open(folder.file("a.db"), options);
  }
  crdt::VersionVector have(const std::vector<std::pair<unsigned, std::uint64_t>>& entries) {
    crdt::VersionVector vector;
    for (const auto& [who, seq] : entries) vector.set(actor(who), {seq, 1});
    return vector;
  }
  std::vector<std::string> names(const crdt::VersionVector& vector,
                                 const RangeLimits& limits = {}) {
    std::vector<std::string> seen;
    last = store->log().range(store->actors(), vector, limits, [&](const LogEntry& entry) {
      EXPECT_EQ(entry.sealed.substr(0, 32), entry.actor.hex());
      seen.push_back(std::to_string(entry.actor.bytes[15]) + ":" + std::to_string(entry.seq));
    });
    return seen;
  }
  std::uint32_t prune(unsigned own, std::uint64_t confirmed) {
    const auto pruned = store->log().prune(store->actors(), {{actor(own), confirmed}});
    EXPECT_TRUE(pruned.ok());
    last_pruned = pruned.ok() ? pruned->position : -1;
    return pruned.ok() ? pruned->rows : 0;
  }
  std::int64_t last_pruned = 0;

  sample::Folder folder;
  Options options;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"), options);
  base::Result<ChangeLog::Visited> last = ChangeLog::Visited{};
};

TEST_F(Log, ARangeComesInOrderOfApplication) {
  begin();
  apply(1, 1);
  apply(2, 1);
  apply(1, 2);
  apply(3, 1);
  apply(2, 2);
  commit();

  EXPECT_EQ(names({}), (std::vector<std::string>{"1:1", "2:1", "1:2", "3:1", "2:2"}));
  EXPECT_TRUE(last->complete);
  EXPECT_EQ(last->position, 5);
  EXPECT_EQ(names(have({{1, 1}, {3, 1}})), (std::vector<std::string>{"2:1", "1:2", "2:2"}));
  EXPECT_TRUE(names(have({{1, 2}, {2, 2}, {3, 9}, {4, 4}})).empty());
  EXPECT_TRUE(last->complete);
}

TEST_F(Log, ALimitedRangeIsCutInThatOrderAndGoesOn) {
  begin();
  for (std::uint64_t seq = 1; seq <= 5; ++seq) {
    apply(2, seq);
    apply(1, seq);
  }
  commit();

  EXPECT_EQ(names({}, {3, 1 << 20}), (std::vector<std::string>{"2:1", "1:1", "2:2"}));
  EXPECT_FALSE(last->complete);
  EXPECT_EQ(last->position, 3);
  EXPECT_EQ(names(have({{2, 2}, {1, 1}}), {3, 1 << 20}),
            (std::vector<std::string>{"1:2", "2:3", "1:3"}));
  EXPECT_EQ(names({}, {99, 250}), (std::vector<std::string>{"2:1", "1:1"}));
  EXPECT_FALSE(last->complete);
  EXPECT_EQ(names({}, {99, 1}).size(), 1u);
  EXPECT_EQ(names({}, {10, 1 << 20}).size(), 10u);
  EXPECT_TRUE(last->complete);
}

TEST_F(Log, EveryStartIsFoundInALongLog) {
  begin();
  std::vector<std::pair<unsigned, std::uint64_t>> applied;
  std::map<unsigned, std::uint64_t> heads;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const unsigned who = i % 500 == 7 ? 9 : static_cast<unsigned>(i * i % 3) + 1;
    applied.emplace_back(who, ++heads[who]);
    apply(who, heads[who], 60);
  }
  commit();
  reopen();

  for (const std::uint64_t lag : {1u, 63u, 64u, 65u, 200u}) {
    crdt::VersionVector vector;
    for (const auto& [who, head] : heads) vector.set(actor(who), {head > lag ? head - lag : 0, 1});
    std::vector<std::string> expected;
    for (const auto& [who, seq] : applied) {
      if (seq > vector.seq_of(actor(who))) {
        expected.push_back(std::to_string(who) + ":" + std::to_string(seq));
      }
    }
    EXPECT_EQ(names(vector, {9999, 1 << 24}), expected) << lag;
    EXPECT_TRUE(last->complete);
  }
}

TEST_F(Log, ScanGoesByPosition) {
  begin();
  apply(1, 1);
  store->meta().next_position = 1000;
  apply(2, 1);
  apply(1, 2);
  commit();
  std::vector<std::int64_t> positions;
  const auto note = [&](const LogEntry& entry) {
    positions.push_back(entry.position);
    return true;
  };

  ASSERT_TRUE(store->log().scan(store->actors(), 0, 99, note).ok());
  ASSERT_TRUE(store->log().scan(store->actors(), 1000, 99, note).ok());
  ASSERT_TRUE(store->log().scan(store->actors(), 1, 1, note).ok());
  ASSERT_TRUE(
      store->log().scan(store->actors(), 0, 99, [](const LogEntry&) { return false; }).ok());

  EXPECT_EQ(positions, (std::vector<std::int64_t>{1, 1000, 1001, 1001, 1000}));
  EXPECT_EQ(*store->log().oldest_position(), 1);
}

TEST_F(Log, TotalsSurviveReopening) {
  begin();
  apply(1, 1, 150);
  apply(1, 2, 60);
  commit();

  reopen();

  EXPECT_EQ(store->log().changes(), 2u);
  EXPECT_EQ(store->log().bytes(), 210u);
  EXPECT_EQ(store->meta().next_position, 3);
}

TEST_F(Log, PruningTakesTheOldestAndRaisesFloors) {
  options.log_bytes_max = 1000;
  reopen();
  begin();
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    apply(1, seq);
    apply(2, seq);
  }

  EXPECT_EQ(prune(9, 0), 10u);
  EXPECT_EQ(last_pruned, 10);
  EXPECT_EQ(prune(9, 0), 0u);
  EXPECT_EQ(last_pruned, 0);
  commit();

  EXPECT_EQ(store->log().bytes(), 1000u);
  EXPECT_EQ(store->actors().find(actor(1))->floor, 5u);
  EXPECT_EQ(store->actors().find(actor(2))->floor, 5u);
  EXPECT_EQ(*store->log().oldest_position(), 11);
  EXPECT_EQ(names(have({{1, 5}, {2, 5}})).size(), 10u);
  EXPECT_TRUE(last->complete);
  names(have({{1, 5}, {2, 4}}));
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, base::Code::kNotFound);
  EXPECT_EQ(names(have({{1, 10}, {2, 7}})), (std::vector<std::string>{"2:8", "2:9", "2:10"}));
  reopen();
  EXPECT_EQ(store->actors().find(actor(1))->floor, 5u);
  EXPECT_EQ(store->log().changes(), 10u);
}

TEST_F(Log, PruningIsBoundedACall) {
  options.log_bytes_max = 0;
  options.prune_rows_max = 4;
  reopen();
  begin();
  for (std::uint64_t seq = 1; seq <= 10; ++seq) apply(1, seq);

  EXPECT_EQ(prune(9, 0), 4u);
  EXPECT_EQ(prune(9, 0), 4u);
  EXPECT_EQ(prune(9, 0), 2u);
  EXPECT_EQ(prune(9, 0), 0u);
  commit();

  EXPECT_EQ(store->log().changes(), 0u);
  EXPECT_EQ(*store->log().oldest_position(), 0);
  store.reset();
  EXPECT_EQ(sample::raw_number(folder.file("a.db"), "SELECT count(*) FROM log_index"), 0);
}

TEST_F(Log, OwnUnconfirmedChangesGoLast) {
  options.log_bytes_max = 500;
  reopen();
  begin();
  for (std::uint64_t seq = 1; seq <= 6; ++seq) apply(1, seq);  // own, 3 confirmed
  for (std::uint64_t seq = 1; seq <= 6; ++seq) apply(2, seq);

  EXPECT_EQ(prune(1, 3), 7u);
  EXPECT_EQ(store->actors().find(actor(1))->floor, 3u);
  EXPECT_EQ(store->actors().find(actor(2))->floor, 4u);
  for (std::uint64_t seq = 7; seq <= 10; ++seq) apply(1, seq);
  EXPECT_EQ(prune(1, 3), 4u);
  EXPECT_EQ(last_pruned, 12) << "the last of the others, though own ones before it left later";
  commit();

  EXPECT_EQ(store->actors().find(actor(2))->floor, 6u);  // everything else is pruned first,
  EXPECT_EQ(store->actors().find(actor(1))->floor, 5u);  // then changes of our own
  EXPECT_EQ(store->log().bytes(), 500u);
  EXPECT_EQ(names(have({{1, 5}, {2, 6}})),
            (std::vector<std::string>{"1:6", "1:7", "1:8", "1:9", "1:10"}));
}

TEST_F(Log, WhatWasSparedGoesOnceConfirmedOrDisowned) {
  options.log_bytes_max = 600;
  options.prune_rows_max = 100;
  reopen();
  begin();
  for (std::uint64_t seq = 1; seq <= 6; ++seq) apply(1, seq);
  for (std::uint64_t seq = 1; seq <= 2; ++seq) apply(2, seq);
  EXPECT_EQ(prune(1, 0), 2u);
  for (std::uint64_t seq = 3; seq <= 4; ++seq) apply(2, seq);

  EXPECT_EQ(prune(1, 1), 2u);  // 1:1 and one of 2
  EXPECT_EQ(store->actors().find(actor(1))->floor, 1u);
  EXPECT_EQ(store->actors().find(actor(2))->floor, 3u);
  for (std::uint64_t seq = 5; seq <= 6; ++seq) apply(2, seq);
  EXPECT_EQ(prune(3, 0), 2u);  // a new own actor: the former one is like any other
  commit();

  EXPECT_EQ(store->actors().find(actor(1))->floor, 3u);
}

TEST_F(Log, WhatARolledBackTurnSparedIsLookedAtAgain) {
  options.log_bytes_max = 300;
  reopen();
  begin();
  for (std::uint64_t seq = 1; seq <= 3; ++seq) apply(1, seq);
  commit();
  begin();
  for (std::uint64_t seq = 4; seq <= 6; ++seq) apply(1, seq);
  EXPECT_EQ(prune(1, 0), 3u);
  store->rollback();

  begin();
  for (std::uint64_t seq = 1; seq <= 3; ++seq) apply(2, seq);  // where the spared ones were
  EXPECT_EQ(prune(1, 0), 3u);
  commit();

  EXPECT_EQ(store->actors().find(actor(1))->floor, 0u);
  EXPECT_EQ(store->actors().find(actor(2))->floor, 3u);
}

TEST_F(Log, AfterAStateJoinTheFloorHidesWhatIsOlder) {
  begin();
  for (std::uint64_t seq = 1; seq <= 3; ++seq) apply(1, seq);
  store->actors().advance(actor(1), {50, 5});
  store->actors().raise_floor(actor(1), 50);
  store->actors().advance(actor(2), {9, 5});
  store->actors().raise_floor(actor(2), 9);
  apply(1, 51);
  commit();

  EXPECT_EQ(names(have({{1, 50}, {2, 9}})), (std::vector<std::string>{"1:51"}));
  EXPECT_TRUE(last->complete);
  names(have({{1, 3}, {2, 9}}));
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, base::Code::kNotFound);
}

TEST_F(Log, AMissingRowIsCorruptionNotSilence) {
  begin();
  for (std::uint64_t seq = 1; seq <= 5; ++seq) apply(1, seq);
  commit();
  store.reset();
  sample::raw(folder.file("a.db"), "DELETE FROM log WHERE seq=3");
  store = sample::open(folder.file("a.db"), options);

  const auto seen = names(have({{1, 1}}));

  EXPECT_EQ(seen, (std::vector<std::string>{"1:2"}));
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, base::Code::kCorrupt);
}

TEST_F(Log, ARolledBackChangeIsGone) {
  begin();
  apply(1, 1);
  commit();
  begin();
  apply(1, 2);
  apply(2, 1);
  store->rollback();

  EXPECT_EQ(names({}), (std::vector<std::string>{"1:1"}));
  EXPECT_EQ(store->log().changes(), 1u);
  EXPECT_EQ(store->meta().next_position, 2);
  begin();
  apply(1, 2);
  apply(2, 1);
  commit();
  EXPECT_EQ(names({}).size(), 3u);
}

TEST_F(Log, TheIndexStaysSparse) {
  begin();
  for (std::uint64_t seq = 1; seq <= 200; ++seq) apply(1, seq, 60);
  apply(2, 1);
  store->meta().next_position += LogTable::kIndexPositions;
  apply(2, 2);  // far behind its last index row
  commit();
  store.reset();

  EXPECT_EQ(sample::raw_number(folder.file("a.db"), "SELECT count(*) FROM log_index"), 4 + 2);
}

}  // namespace
}  // namespace store
