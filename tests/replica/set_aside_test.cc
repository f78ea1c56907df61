// The files of a database that is set aside. After a crash at any point, the next open finishes the
// work or does it again.

#include "agent/replica/set_aside.h"

#include <fstream>

#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

struct SetAside : testing::Test {
  Folder folder;
  ReplicaOptions options;
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);

  // Makes a database with `entries` changes in its log, and marks its state as given up.
  void make(const std::string& name, int entries, std::uint64_t seed = 1) {
    auto a = open_replica(folder.file(name), seed);
    for (int i = 0; i < entries; ++i) turn(*a, i + 1, {add("x" + std::to_string(i))});
    give_up(*a);
  }
  static void give_up(Replica& replica) {
    ASSERT_TRUE(replica.store().begin().ok());
    replica.store().meta().repair.stage = store::Repair::Stage::kDamage;
    ASSERT_TRUE(replica.store().commit(store::Durability::kFull).ok());
  }
  std::unique_ptr<Replica> open(const std::string& name, DatabaseFiles& files,
                                std::uint64_t seed = 9) {
    options.files = &files;
    return open_replica(folder.file(name), seed, options);
  }
  void copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(folder.file(from), folder.file(to));
  }
  void expect_whole(Replica& replica, int entries) {
    EXPECT_TRUE(replica.fetching());
    EXPECT_EQ(*replica.store().held().count(store::HeldKind::kOldLog), entries);
    turn(replica, 50, {Synchronised{}});
    while (replica.replaying()) turn(replica, 51, {});
    for (int i = 0; i < entries; ++i) {
      EXPECT_EQ(shown(replica, "x" + std::to_string(i)), R"({"size":1})");
    }
  }
};

TEST_F(SetAside, ACrashAtAnyCallIsFinishedByTheNextOpen) {
  make("a.db", 5);
  int points = 0;
  for (int dies_at = 0;; ++dies_at) {
    const std::string name = "try" + std::to_string(dies_at) + ".db";
    copy("a.db", name);
    Files dying(dies_at);
    options.files = &dying;
    auto cut_off =
        Replica::open(at(1), folder.file(name), options, kHost, base::Random::from_number(5));
    if (cut_off.ok()) break;
    ++points;

    Files files;
    auto a = open(name, files);

    expect_whole(*a, 5);
    EXPECT_FALSE(files.exists(folder.file(name) + "-new"));
    EXPECT_TRUE(files.exists(folder.file(name) + ".aside-1"));
  }
  EXPECT_GE(points, 3);
}

// The agent dies a second time, in the first recovery.
TEST_F(SetAside, ACrashDuringTheRecoveryIsRecoveredFrom) {
  make("a.db", 3);
  for (int first = 0; first < 4; ++first) {
    for (int second = 0; second < 6; ++second) {
      const std::string name = std::to_string(first) + "-" + std::to_string(second) + ".db";
      copy("a.db", name);
      for (int dies_at : {first, second}) {
        Files dying(dies_at);
        options.files = &dying;
        auto cut_off =
            Replica::open(at(1), folder.file(name), options, kHost, base::Random::from_number(5));
      }

      Files files;
      auto a = open(name, files);

      expect_whole(*a, 3);
    }
  }
}

TEST_F(SetAside, AHalfBuiltDatabaseIsThrownAway) {
  make("a.db", 3);
  make("half.db", 1, 4);
  std::filesystem::rename(folder.file("half.db"), folder.file("a.db-new"));
  Files files;

  auto a = open("a.db", files);

  expect_whole(*a, 3);
}

TEST_F(SetAside, TwoFormerDatabasesAreKept) {
  make("a.db", 1);
  for (int round = 0; round < 4; ++round) {
    Files files;
    auto a = open("a.db", files, static_cast<std::uint64_t>(round + 10));
    EXPECT_TRUE(a->fetching());
    give_up(*a);
  }

  EXPECT_TRUE(std::filesystem::exists(folder.file("a.db.aside-1")));
  EXPECT_TRUE(std::filesystem::exists(folder.file("a.db.aside-2")));
  EXPECT_FALSE(std::filesystem::exists(folder.file("a.db.aside-3")));
}

// The new database is set aside again before it has fetched the state. The changes that it holds
// from the first database must go on to the third.
TEST_F(SetAside, WhatIsHeldSurvivesASecondTime) {
  make("a.db", 4);
  Files files;
  give_up(*open("a.db", files));

  auto a = open("a.db", files, 12);

  expect_whole(*a, 4);
}

TEST_F(SetAside, ALogOfTheOldDatabaseIsNeverPlayedIntoTheNewOne) {
  make("a.db", 3);
  std::ofstream(folder.file("a.db-new")) << "";
  std::filesystem::remove(folder.file("a.db-new"));
  make("new.db", 2, 6);
  std::filesystem::rename(folder.file("a.db"), folder.file("a.db.aside-1"));
  std::filesystem::rename(folder.file("new.db"), folder.file("a.db-new"));
  std::ofstream(folder.file("a.db-wal")) << "a log that belongs to the old file";
  Files files;

  auto a = open("a.db", files);

  EXPECT_TRUE(files.exists(folder.file("a.db.aside-1")));
  EXPECT_TRUE(a->fetching());
}

TEST_F(SetAside, PositionsAndTheClockDoNotGoBack) {
  auto former = open_replica(folder.file("a.db"), 1);
  auto position = turn(*former, 1'000, {add("x")}, true).events.at(0).position;
  auto clock = former->clock().latest();
  give_up(*former);
  former.reset();
  Files files;

  auto a = open("a.db", files);
  turn(*a, 2, {Synchronised{}}, true);
  while (a->replaying()) turn(*a, 3, {});
  Outputs out = turn(*a, 4, {add("y")}, true);

  EXPECT_GT(out.events.at(0).position, position + 1'000'000);
  EXPECT_GT(a->clock().latest(), clock);
}

TEST_F(SetAside, WithoutFilesItIsRefusedWithTheReason) {
  make("a.db", 1);
  options.files = nullptr;

  auto opened =
      Replica::open(at(1), folder.file("a.db"), options, kHost, base::Random::from_number(5));

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::kUnavailable);
}

// A change from the log of the first database depends on a change that never came. It stays held
// and is tried again at the next start.
TEST_F(SetAside, WhatDoesNotFitStaysAndIsTriedAgain) {
  make("a.db", 2);
  auto b = open_replica(folder.file("b.db"), 8);
  auto own = turn(*b, 1, {add("b1"), add("b2")}).facts.own;
  Files files;
  auto a = open("a.db", files);
  ASSERT_TRUE(a->store().begin().ok());
  ASSERT_TRUE(a->store()
                  .held()
                  .keep(store::HeldKind::kOldLog, own[1].actor, own[1].seq, own[1].bytes)
                  .ok());
  ASSERT_TRUE(a->store().commit(store::Durability::kFull).ok());
  turn(*a, 2, {Synchronised{}});
  Outputs last;
  while (a->replaying()) last = turn(*a, 3, {});

  EXPECT_TRUE(says(last, Notice::Kind::kDropped));
  EXPECT_EQ(*a->store().held().count(store::HeldKind::kOldLog), 1);
  turn(*a, 4, {received({own[0]})});
  a.reset();
  a = open_replica(folder.file("a.db"), 13, options);
  EXPECT_EQ(shown(*a, "b2"), R"({"size":1})");
  EXPECT_EQ(*a->store().held().count(store::HeldKind::kOldLog), 0);
}

}  // namespace
}  // namespace agent
