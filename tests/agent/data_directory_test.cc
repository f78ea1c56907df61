// Which changes of its files an agent notices, and how a second agent is kept out.

#include "agent/data_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/process.h"
#include "tests/support/scoped_directory.h"

namespace agent {
namespace {

namespace fs = std::filesystem;

class Directory : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = DataDirectory::open(path_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    directory_ = std::move(*opened);
    for (const char* file : {"hearsay.db", "hearsay.db-wal"}) make(file);
    directory_->on_lock_made_again([this] { ++locks_made_; });
    ASSERT_TRUE(directory_->watch_database().ok());
    ASSERT_EQ(problem(), "");
  }
  void make(const std::string& file) { support::write_file(fs::path(path_) / file, "x"); }
  // The error text; empty when all files are in place.
  std::string problem() {
    auto placed = directory_->in_place();
    if (placed.ok()) return "";
    EXPECT_EQ(placed.error().code, base::Code::kReadOnly);
    return placed.error().message;
  }
  std::string second_start(const std::string& path) {
    auto second = DataDirectory::open(path);
    if (second.ok()) return "let in";
    EXPECT_EQ(second.error().code, base::Code::kConflict);
    return second.error().message;
  }

  support::ScopedDirectory folder_;
  std::string path_ = folder_ / "data";
  std::string aside_ = folder_ / "aside";
  std::unique_ptr<DataDirectory> directory_;
  int locks_made_ = 0;
};

TEST_F(Directory, ThatIsRemovedIsNoticed) {
  fs::remove_all(path_);

  EXPECT_NE(problem().find("data is gone"), std::string::npos) << problem();
}

TEST_F(Directory, ThatIsMovedIsNoticedUntilItIsMovedBack) {
  fs::rename(path_, aside_);
  EXPECT_NE(problem(), "");
  fs::create_directory(path_);
  EXPECT_NE(problem().find("no longer what this agent opened"), std::string::npos) << problem();
  fs::remove(path_);

  fs::rename(aside_, path_);

  EXPECT_EQ(problem(), "");
  EXPECT_EQ(locks_made_, 0);
}

TEST_F(Directory, WhoseDatabaseIsRemovedOrReplacedIsNoticed) {
  for (const char* file : {"hearsay.db", "hearsay.db-wal"}) {
    fs::path at = fs::path(path_) / file;
    fs::rename(at, aside_);
    EXPECT_NE(problem().find(file), std::string::npos) << file;
    make(file);
    EXPECT_NE(problem().find(file), std::string::npos) << file;
    fs::rename(aside_, at);
    EXPECT_EQ(problem(), "") << file;
  }
}

TEST_F(Directory, WhoseSideFileIsMadeLaterIsWatchedFromThenOn) {
  make("hearsay.db-shm");
  EXPECT_EQ(problem(), "");

  fs::remove(fs::path(path_) / "hearsay.db-shm");

  EXPECT_NE(problem().find("hearsay.db-shm is gone"), std::string::npos) << problem();
}

TEST_F(Directory, WhoseGivenPathLeadsElsewhereIsNoticed) {
  fs::path link = folder_ / "link";
  fs::create_directory_symlink(aside_, link);
  fs::create_directory(aside_);
  auto through = DataDirectory::open(link);
  ASSERT_TRUE(through.ok());
  ASSERT_TRUE((*through)->watch_database().ok());
  ASSERT_TRUE((*through)->in_place().ok());
  fs::remove(link);
  fs::create_directory(folder_ / "other");

  fs::create_directory_symlink(folder_ / "other", link);

  auto placed = (*through)->in_place();
  ASSERT_FALSE(placed.ok());
  EXPECT_NE(placed.error().message.find("link is no longer what"), std::string::npos);
}

TEST_F(Directory, WhoseLockIsRemovedLetsNobodyInAndMakesItAgain) {
  fs::remove(fs::path(path_) / "lock");
  EXPECT_NE(second_start(path_).find("in use by another agent"), std::string::npos)
      << second_start(path_);
  fs::remove(fs::path(path_) / "lock");

  EXPECT_EQ(problem(), "");

  EXPECT_EQ(locks_made_, 1);
  std::string refused = second_start(path_);
  EXPECT_NE(refused.find("pid " + std::to_string(getpid())), std::string::npos) << refused;
}

TEST_F(Directory, WhoseDatabaseIsMovedElsewhereLetsNobodyInThere) {
  fs::create_directory(aside_);
  fs::rename(fs::path(path_) / "hearsay.db", fs::path(aside_) / "hearsay.db");

  std::string refused = second_start(aside_);

  EXPECT_NE(refused.find("the database"), std::string::npos) << refused;
}

TEST_F(Directory, ThatIsMovedLetsNobodyInThere) {
  fs::rename(path_, aside_);
  fs::remove(fs::path(aside_) / "lock");

  std::string refused = second_start(aside_);

  EXPECT_NE(refused.find("in use by another agent"), std::string::npos) << refused;
}

// The file agent.json belongs to the agent that has the directory.
TEST_F(Directory, OfAnotherAgentAtTheOldPathIsLeftAlone) {
  ASSERT_TRUE(directory_->write_agent_json("{}").ok());
  fs::rename(path_, aside_);
  fs::create_directory(path_);
  make("agent.json");

  directory_.reset();

  EXPECT_TRUE(fs::exists(fs::path(path_) / "agent.json"));
  EXPECT_FALSE(fs::exists(fs::path(aside_) / "agent.json"));
}

TEST(DataDirectory, IsFreeAgainWhenItsAgentIsGone) {
  support::ScopedDirectory folder;
  ASSERT_TRUE(DataDirectory::open(folder / "data").ok());

  EXPECT_TRUE(DataDirectory::open(folder / "data").ok());
}

}  // namespace
}  // namespace agent
