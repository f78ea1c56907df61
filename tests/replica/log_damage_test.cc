// Rule 7: the log exists for speed only. Damage of its rows stops no write and costs no state.

#include <fstream>

#include "tests/replica/damage_fixture.h"
#include "tests/store/sample.h"

namespace agent {
namespace {

class DamagedLog : public Damaged {
 protected:
  // Writes of every kind about other entries. All of them must be accepted.
  void expect_writes() {
    for (const Input& write : {add("new"), Input(Write{1, put_entry("snapshots", "y", {})}),
                               Input(Write{1, patch_entry("snapshots", "new", {{"n", "1"}})}),
                               Input(Write{1, remove_entry("snapshots", "new")})}) {
      Outputs out = turn(*a, clock++, {write});
      ASSERT_EQ(out.replies.size(), 1u);
      EXPECT_TRUE(out.replies[0].result.ok()) << out.replies[0].result.error().message;
    }
  }
  base::Result<std::size_t> range_for(const crdt::VersionVector& have) {
    std::size_t given = 0;
    auto visited = a->store().log().range(a->store().actors(), have, {},
                                          [&](const store::LogEntry&) { ++given; });
    if (!visited.ok()) return visited.error();
    return given;
  }
  void expect_nothing_given_up() {
    Outputs heard = turn(*a, clock++, {ConfirmOwn{a->own_actor(), 1}});
    EXPECT_FALSE(heard.damaged);
    EXPECT_FALSE(heard.reopen);
    EXPECT_FALSE(aside());
    EXPECT_TRUE(a->store().verify().ok());
  }
  std::int64_t clock = 100;
};

constexpr const char* kMet = "a.db: table log, row 1";  // the text that a reader reports

constexpr const char* kHarms[] = {
    "UPDATE log SET sum=sum+1",
    "UPDATE log SET change=x'00'",
    "UPDATE log SET seq=seq+1000000",
    "UPDATE log SET seq=0",
    "UPDATE log SET actor=actor+77",
    "DELETE FROM log",
    "UPDATE log SET sum=sum+1 WHERE pos=(SELECT min(pos) FROM log)",
    "UPDATE log SET sum=sum+1 WHERE pos=(SELECT max(pos) FROM log)",
    "DELETE FROM log WHERE pos=(SELECT max(pos) FROM log)",
    "DELETE FROM log WHERE pos=(SELECT min(pos)+1 FROM log)",
    "UPDATE log_index SET sum=sum+1",
    "UPDATE log_index SET pos=pos+1",
    "DELETE FROM log_index",
};

class Harmed : public DamagedLog, public testing::WithParamInterface<const char*> {};

TEST_P(Harmed, StopsNoWriteAndIsMendedWhenAReaderMeetsIt) {
  harm(GetParam());
  expect_writes();

  Outputs told = turn(*a, clock++, {DamageSeen{kMet}});

  // Without an index the log is only read more slowly.
  const bool gone = std::string_view(GetParam()) == "DELETE FROM log_index";
  EXPECT_EQ(says(told, Notice::Kind::kRowsDropped), !gone);
  if (gone) return;
  expect_nothing_given_up();
  // A peer that lacks only the last change gets a range. A peer that lacks a damaged change must
  // fetch the whole state.
  const crdt::VersionVector before = a->vector();
  turn(*a, clock++, {add("last")});
  EXPECT_EQ(*range_for(before), 1u);
  if (std::string_view(GetParam()).find("log_index") == std::string_view::npos) {
    const auto all = range_for({});
    ASSERT_FALSE(all.ok());
    EXPECT_EQ(all.error().code, base::Code::kNotFound);
  }
}

TEST_P(Harmed, StopsNoWriteAfterARestart) {
  harm(GetParam());
  reopen();

  expect_writes();
}

TEST_P(Harmed, StopsNoPruning) {
  options.store.log_bytes_max = 600;
  reopen();
  expect_writes();
  harm(GetParam());

  for (int round = 0; round < 10; ++round) {
    expect_writes();
    turn(*a, clock++, {ConfirmOwn{a->own_actor(), a->vector().seq_of(a->own_actor())}});
  }

  EXPECT_LT(log_of(*a).size(), 12u);
  EXPECT_FALSE(aside());
}

INSTANTIATE_TEST_SUITE_P(Log, Harmed, testing::ValuesIn(kHarms));

// We receive our first change a second time. To see whether it comes from a copy of us, the replica
// reads its own change from the log, and that row is bad.
TEST_F(DamagedLog, AMessageThatAsksTheLogForABadRowIsTakenIn) {
  const std::vector<crdt::SealedChange> ours = log_of(*a);
  harm("UPDATE log SET sum=sum+1");

  Outputs out = turn(*a, clock++, {received({ours.front()}), add("new")});

  EXPECT_TRUE(out.replies.at(0).result.ok());
  EXPECT_TRUE(says(out, Notice::Kind::kRowsDropped));
  expect_nothing_given_up();
}

TEST_F(DamagedLog, CursorsBelowWhatIsLostAreResetNotAnsweredWithAHole) {
  harm("UPDATE log SET sum=sum+1 WHERE pos=(SELECT max(pos) FROM log)");

  turn(*a, clock++, {DamageSeen{kMet}});

  EXPECT_EQ(a->store().meta().lost_position, a->store().meta().next_position - 1);
}

// The page of the file is damaged, not only a row, so SQLite itself returns an error. The answer to
// the client says what can be done.
TEST_F(DamagedLog, ABrokenPageOfTheLogIsAnsweredWithTheRepair) {
  harm("PRAGMA wal_checkpoint(TRUNCATE)");
  const std::int64_t page = store::sample::raw_number(
      folder.file("a.db"), "SELECT rootpage FROM sqlite_schema WHERE name='log'");
  {
    std::fstream file(folder.file("a.db"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * 4'096);
    file << std::string(200, '\xff');
  }
  // Makes every connection drop its page cache.
  harm("PRAGMA user_version=9; PRAGMA user_version=8");

  Outputs out = turn(*a, clock++, {add("new")});

  ASSERT_FALSE(out.replies.at(0).result.ok());
  EXPECT_EQ(out.replies[0].result.error().code, base::Code::kUnavailable);
  EXPECT_NE(out.replies[0].result.error().message.find("backup"), std::string::npos);
  EXPECT_TRUE(out.damaged) << "the driver is not told to look for a peer";
  EXPECT_EQ(shown(*a, "x"), R"({"size":1})") << "a read was refused";
}

}  // namespace
}  // namespace agent
