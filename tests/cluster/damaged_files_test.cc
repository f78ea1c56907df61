// A start finds a database that was cut short, is damaged, or belongs to another program. A file of
// another program is not touched. A damaged database is set aside, and the state is fetched from
// the other agents.

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;
constexpr int kEntries = 300;
// Of the header of an SQLite file, big-endian.
constexpr std::size_t kUserVersion = 60;
constexpr std::size_t kApplicationId = 68;
constexpr std::size_t kPageBytes = 4'096;

class DamagedFiles : public ::testing::Test {
 protected:
  DamagedFiles() {
    EXPECT_TRUE(mesh_.all_alive(3, kAgree)) << mesh_.states();
    std::string metadata = R"({"v":")" + std::string(200, 'v') + R"("})";
    for (std::size_t i = 0; i < kEntries; ++i) {
      EXPECT_TRUE(add_snapshot(mesh_[i % 3], "e" + std::to_string(i), metadata));
    }
    EXPECT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
    actor_ = actor();
  }
  std::string actor() {
    auto status = mesh_[1].client().get("/v1/status");
    return status.ok() ? json_field(status->body, "actor_id") : "";
  }
  fs::path database() const { return mesh_.folder() / "n2/data/hearsay.db"; }
  void overwrite(std::size_t at, const std::string& bytes) {
    std::fstream file(database(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  }
  // One bit in the middle of every page but the first.
  void flip_a_bit_a_page() {
    std::string bytes = support::read_file(database());
    ASSERT_GT(bytes.size(), 10 * kPageBytes);
    for (std::size_t at = kPageBytes + kPageBytes / 2; at < bytes.size(); at += kPageBytes) {
      bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    }
    support::write_file(database(), bytes);
  }
  void refused_and_left_alone(const std::string& word) {
    std::string before = support::read_file(database());
    ASSERT_TRUE(mesh_[1].begin().ok());

    auto status = mesh_[1].process().wait(kAgree);

    EXPECT_EQ(status.value_or(-1), 1);
    EXPECT_NE(mesh_[1].log().find("hearsay.db"), std::string::npos) << mesh_[1].log();
    EXPECT_NE(mesh_[1].log().find(word), std::string::npos) << mesh_[1].log();
    EXPECT_EQ(support::read_file(database()), before);
  }
  void comes_back_whole() {
    ASSERT_TRUE(support::eventually(kAgree, [&] { return add_snapshot(mesh_[1], "after"); }))
        << mesh_[1].log();
    // A damaged row may be met only when it is read.
    EXPECT_TRUE(support::eventually(kAgree, [&] {
      for (int i = 0; i < kEntries; ++i) {
        if (get_snapshot(mesh_[1], "e" + std::to_string(i)).empty()) return false;
      }
      return true;
    })) << mesh_[1].log();
    ASSERT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
    EXPECT_NE(actor(), actor_);
    EXPECT_EQ(metric(mesh_[0], R"(hearsay_notices_total{kind="equivocation"})"), 0u);
  }
  bool is_set_aside() const { return fs::exists(database().string() + ".aside-1"); }
  Cluster mesh_{3};
  std::string actor_;
};

TEST_F(DamagedFiles, ADatabaseOfAnotherApplicationIsRefused) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  overwrite(kApplicationId, "OTHR");

  refused_and_left_alone("application");
}

TEST_F(DamagedFiles, ADatabaseOfALaterVersionIsRefused) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  overwrite(kUserVersion, std::string("\0\0\x03\xe7", 4));

  refused_and_left_alone("version");
}

TEST_F(DamagedFiles, AnEmptyFileIsAnEmptyDatabaseUnderANewActor) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  fs::resize_file(database(), 0);

  ASSERT_TRUE(mesh_[1].restart().ok());

  comes_back_whole();
}

// SQLite deletes a write-ahead log whose database is missing or empty. It may hold the only copy of
// what was acknowledged, so it is kept and told.
class LogAlone : public DamagedFiles, public ::testing::WithParamInterface<bool> {};

TEST_P(LogAlone, IsSetAsideAndNotDeleted) {
  ASSERT_TRUE(add_snapshot(mesh_[1], "last"));  // an agent at rest empties its log
  mesh_[1].kill9();
  const std::string log = database().string() + "-wal";
  ASSERT_GT(fs::file_size(log), kPageBytes);
  const std::string before = support::read_file(log);
  if (GetParam()) {
    fs::remove(database());
  } else {
    fs::resize_file(database(), 0);
  }

  ASSERT_TRUE(mesh_[1].restart().ok());

  comes_back_whole();
  EXPECT_EQ(support::read_file(database().string() + ".aside-1-wal"), before);
  EXPECT_NE(mesh_[1].log().find("set_aside"), std::string::npos) << mesh_[1].log();
}
INSTANTIATE_TEST_SUITE_P(Database, LogAlone, ::testing::Bool(), [](const auto& of) {
  return of.param ? std::string("Missing") : std::string("Empty");
});

TEST_F(DamagedFiles, HalfADatabaseIsSetAsideAndFetchedAgain) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  fs::resize_file(database(), fs::file_size(database()) / 2);

  ASSERT_TRUE(mesh_[1].restart().ok());

  comes_back_whole();
  EXPECT_TRUE(is_set_aside());
}

TEST_F(DamagedFiles, ADatabaseOfNoiseIsSetAsideAndFetchedAgain) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  support::write_file(database(), std::string(8'192, 'x'));

  ASSERT_TRUE(mesh_[1].restart().ok());

  comes_back_whole();
  EXPECT_TRUE(is_set_aside());
}

TEST_F(DamagedFiles, ADatabaseWithFlippedBitsIsSetAsideAndFetchedAgain) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  flip_a_bit_a_page();

  ASSERT_TRUE(mesh_[1].restart().ok());

  comes_back_whole();
  EXPECT_TRUE(is_set_aside());
}

// SQLite silently drops everything after the damage. The last commits are gone, and the vector with
// them.
TEST_F(DamagedFiles, AJournalCutShortCostsASuffixThatOthersBringBack) {
  std::string wal = database().string() + "-wal";
  // A large log is emptied at rest. Here something must be left in it to cut.
  for (int i = 0; i < 10 && fs::file_size(wal) == 0; ++i) {
    ASSERT_TRUE(add_snapshot(mesh_[1], "late" + std::to_string(i)));
    ASSERT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
  }
  mesh_[1].kill9();
  auto size = fs::file_size(wal);
  ASSERT_GT(size, 0u);
  fs::resize_file(wal, size / 3);

  ASSERT_TRUE(mesh_[1].restart().ok());

  comes_back_whole();
}

TEST_F(DamagedFiles, WithoutItsJournalAKilledAgentGetsTheRestFromOthers) {
  mesh_[1].kill9();
  fs::remove(database().string() + "-wal");

  ASSERT_TRUE(mesh_[1].restart().ok());

  comes_back_whole();
}

}  // namespace
}  // namespace cluster
