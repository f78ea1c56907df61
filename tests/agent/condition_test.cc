#include "agent/condition.h"

#include <gtest/gtest.h>

#include "agent/notices.h"

namespace agent {
namespace {

using Kind = Notice::Kind;

Condition after(const std::vector<Kind>& notices) {
  Condition condition;
  for (Kind kind : notices) condition.hear({kind, {}, 0, "why " + std::to_string(int(kind))});
  return condition;
}

TEST(Condition, IsReadyUntilSomethingIsWrong) {
  Condition condition = after({Kind::kActorMinted, Kind::kDivergence, Kind::kEcho});

  EXPECT_EQ(condition.health(false), Health::kReady);
  EXPECT_EQ(condition.reason(false), "");
  EXPECT_EQ(condition.health(true), Health::kSyncing);
  EXPECT_NE(condition.reason(true), "");
}

TEST(Condition, AFaultOfTheDiskDegradesUntilItTakesWritesAgain) {
  for (Kind fault : {Kind::kDiskFull, Kind::kDiskFault}) {
    Condition condition = after({fault});
    EXPECT_EQ(condition.health(true), Health::kDegraded);
    EXPECT_EQ(condition.reason(true), "why " + std::to_string(int(fault)));
    EXPECT_TRUE(condition.degraded());

    condition.hear({Kind::kRecovered, {}, 0, ""});

    EXPECT_EQ(condition.health(false), Health::kReady);
    EXPECT_FALSE(condition.degraded());
  }
}

// The row is still bad after the disk has recovered.
TEST(Condition, ADamagedRowStaysOne) {
  Condition condition = after({Kind::kCorruptRow, Kind::kDiskFull, Kind::kRecovered});

  EXPECT_EQ(condition.health(false), Health::kDegraded);
  EXPECT_EQ(condition.reason(false), "why " + std::to_string(int(Kind::kCorruptRow)));
}

TEST(Condition, ARebuildLastsUntilTheStateIsCompleteWhateverTheDiskDoes) {
  Condition told = after({Kind::kSetAside, Kind::kDiskFull, Kind::kRecovered});
  Condition opened;
  opened.opened_rebuilding();

  for (Condition* condition : {&told, &opened}) {
    EXPECT_EQ(condition->health(false), Health::kSyncing);
    EXPECT_NE(condition->reason(false).find("writes wait"), std::string::npos);
    condition->hear({Kind::kRebuilt, {}, 0, ""});
    EXPECT_EQ(condition->health(false), Health::kReady);
    EXPECT_EQ(condition->reason(false), "");
  }
}

TEST(Notices, TheEndOfAnAlarmIsLoggedWhereTheAlarmIs) {
  for (auto alarm : {Notice::Kind::kDiskFull, Notice::Kind::kDiskFault, Notice::Kind::kSetAside}) {
    EXPECT_EQ(words_for(alarm).level, LogLevel::kError);
  }
  for (auto end : {Notice::Kind::kRecovered, Notice::Kind::kRebuilt}) {
    EXPECT_EQ(words_for(end).level, LogOptions{}.level);
  }
}

}  // namespace
}  // namespace agent
