#include "agent/marks.h"

#include <gtest/gtest.h>

#include "agent/files.h"
#include "tests/support/scoped_directory.h"

namespace agent {
namespace {

struct Start {
  support::ScopedDirectory folder;
  base::Random random = base::Random::from_number(1);
  std::string warning;
  Marks marks{folder / "marks", "/data/a"};
};

TEST(Marks, AMarkIsReadOnce) {
  Start start;
  start.marks.begin_run(start.random, start.warning);
  Mark mark{start.random.id<base::RunTag>(), start.random.id<base::ActorTag>(), {7, 99}};
  ASSERT_TRUE(start.marks.write_mark(mark).ok());

  Outside first = start.marks.begin_run(start.random, start.warning);
  Outside second = start.marks.begin_run(start.random, start.warning);

  EXPECT_EQ(first.mark, mark);
  EXPECT_FALSE(second.mark.has_value());
}

TEST(Marks, FormerTokensStandUntilTheNewOneIsSettled) {
  Start start;
  Outside first = start.marks.begin_run(start.random, start.warning);
  ASSERT_TRUE(start.marks.settle_token(first.tokens.back()).ok());
  Outside second = start.marks.begin_run(start.random, start.warning);
  Outside third = start.marks.begin_run(start.random, start.warning);

  EXPECT_EQ(first.tokens.size(), 1u);
  ASSERT_EQ(second.tokens.size(), 2u);
  EXPECT_EQ(second.tokens[0], first.tokens[0]);
  ASSERT_EQ(third.tokens.size(), 3u);
  EXPECT_EQ(third.tokens[1], second.tokens[1]);
}

TEST(Marks, ManyStartsThatDieKeepTheTokenOfTheDatabase) {
  Start start;
  Outside first = start.marks.begin_run(start.random, start.warning);
  Outside last;
  for (int i = 0; i < 100; ++i) last = start.marks.begin_run(start.random, start.warning);

  EXPECT_EQ(last.tokens.front(), first.tokens.front());
  EXPECT_LE(last.tokens.size(), 17u);
}

TEST(Marks, DataPathsDoNotShareMarks) {
  Start start;
  Marks other(start.folder / "marks", "/data/b");
  Mark mark{start.random.id<base::RunTag>(), start.random.id<base::ActorTag>(), {7, 99}};
  start.marks.begin_run(start.random, start.warning);
  ASSERT_TRUE(start.marks.write_mark(mark).ok());

  EXPECT_FALSE(other.begin_run(start.random, start.warning).mark.has_value());
}

TEST(Marks, APlaceThatCannotBeUsedIsAWarningNotAFailure) {
  Start start;
  ASSERT_TRUE(write_private_file(start.folder / "file", "x").ok());
  Marks marks(start.folder / "file", "/data/a");

  Outside outside = marks.begin_run(start.random, start.warning);

  EXPECT_NE(start.warning.find("mark_dir"), std::string::npos);
  EXPECT_EQ(outside.tokens.size(), 1u);
}

TEST(Marks, AMarkThatIsNoMarkIsIgnored) {
  Start start;
  start.marks.begin_run(start.random, start.warning);
  ASSERT_TRUE(start.marks.write_mark({}).ok());
  for (const auto& file : std::filesystem::directory_iterator(start.folder / "marks")) {
    if (file.path().extension() == ".mark") {
      ASSERT_TRUE(write_private_file(file.path(), "hearsay mark 1\nnonsense\n").ok());
    }
  }

  EXPECT_FALSE(start.marks.begin_run(start.random, start.warning).mark.has_value());
}

}  // namespace
}  // namespace agent
