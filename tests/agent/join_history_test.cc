// What people see of state joins: one line of the log for each, and sums.

#include "agent/join_history.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

struct Joins : ::testing::Test {
  std::vector<std::string> lines;
  Log log{{LogLevel::kInfo},
          {[] { return std::int64_t{0}; }, [] { return std::int64_t{0}; },
           [this](std::string_view line) { lines.emplace_back(line); }}};
  JoinHistory history{log};

  JoinReport merged() {
    JoinReport report;
    report.outcome = JoinReport::Outcome::kMerged;
    report.peer = *base::NodeId::from(std::string(base::NodeId::kSize, '\x11'));
    report.counts = {1, 2, 3, 4, 5, 6, 7};
    report.away = base::seconds(90'000);
    report.bytes = 2'048;
    report.took = base::millis(1'250);
    return report;
  }
};

TEST_F(Joins, EachHasOneLineWithItsCounts) {
  history.add({}, merged(), "n2");

  ASSERT_EQ(lines.size(), 1u);
  const std::string& line = lines[0];
  for (const char* part :
       {"info  joined ", "from=n2", "away_s=90000", "objects_new=1", "objects_changed=2",
        "objects_removed=3", "cells_added=4", "cells_removed=5", "texts_changed=6",
        "own_changes_kept=7", "bytes=2048", "seconds=1.25"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
  ASSERT_TRUE(history.last());
  EXPECT_EQ(history.last()->report.counts.own_kept, 7u);
}

TEST_F(Joins, OneThatWasGivenUpHasALineAndOneThatWasRefusedHasThatOfItsNotice) {
  JoinReport report = merged();
  report.outcome = JoinReport::Outcome::kRefused;
  history.add({}, report, "n2");
  EXPECT_TRUE(lines.empty());
  report.outcome = JoinReport::Outcome::kStopped;
  report.counts = {};
  history.add({}, report, "n2");

  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("join_ended"), std::string::npos) << lines[0];
  EXPECT_EQ(history.totals().counts.cells_added, 0u);
  EXPECT_EQ(history.totals().bytes, 2u * 2'048);
}

TEST_F(Joins, OneThatBringsNothingDoesNotHideTheLastThatDid) {
  history.add({}, merged(), "n2");
  JoinReport nothing;
  for (auto outcome : {JoinReport::Outcome::kNothingNew, JoinReport::Outcome::kMerged,
                       JoinReport::Outcome::kStopped}) {
    nothing.outcome = outcome;
    history.add({}, nothing, "n3");
  }

  EXPECT_EQ(history.last()->report.outcome, JoinReport::Outcome::kStopped);
  ASSERT_TRUE(history.last_merge());
  EXPECT_EQ(history.last_merge()->report.counts.cells_added, 4u);
}

TEST_F(Joins, TheWordsAboutAFileFitAFile) {
  JoinReport file;
  file.outcome = JoinReport::Outcome::kStopped;
  history.add({}, file, "a file");
  file.outcome = JoinReport::Outcome::kNothingNew;
  history.add({}, file, "a file");

  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("import the file again"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("knew all that is in the file"), std::string::npos) << lines[1];
}

TEST_F(Joins, OneThatWasGivenUpHasItsReason) {
  JoinReport file;
  file.outcome = JoinReport::Outcome::kStopped;
  file.why = "the state file is of another mesh";
  history.add({}, file, "a file");
  JoinReport peer = merged();
  peer.outcome = JoinReport::Outcome::kStopped;
  peer.why = "another state join took its place";
  history.add({}, peer, "n2");

  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("nothing was merged: the state file is of another mesh\""),
            std::string::npos)
      << lines[0];
  EXPECT_NE(lines[1].find("took its place; it is tried again when needed\""), std::string::npos)
      << lines[1];
}

TEST_F(Joins, TheSumsAreOfWhatWasMerged) {
  history.add({}, merged(), "n2");
  JoinReport file = merged();
  file.peer.reset();
  history.add({}, file, "a file");

  EXPECT_EQ(history.totals().counts.cells_added, 8u);
  EXPECT_EQ(history.totals().counts.own_kept, 14u);
  EXPECT_EQ(history.totals().imports, 1u);
  EXPECT_FALSE(history.last()->report.peer);
}

}  // namespace
}  // namespace agent
