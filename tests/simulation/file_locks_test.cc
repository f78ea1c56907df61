#include "tools/simulator/file_locks.h"

#include <gtest/gtest.h>

namespace simulation {
namespace {

constexpr int kNone = 0;
constexpr int kShared = 1;
constexpr int kReserved = 2;
constexpr int kPending = 3;
constexpr int kExclusive = 4;

const int a = 0;
const int z = 0;

TEST(FileLocks, ManyReadBesideOneWhoMeansToWrite) {
  FileLocks locks;

  EXPECT_TRUE(locks.lock(&a, kShared));
  EXPECT_TRUE(locks.lock(&z, kShared));
  EXPECT_FALSE(locks.reserved());
  EXPECT_TRUE(locks.lock(&a, kReserved));
  EXPECT_TRUE(locks.reserved());
  EXPECT_FALSE(locks.lock(&z, kReserved));
  EXPECT_EQ(locks.level_of(&z), kShared);
}

TEST(FileLocks, WhoWaitsForReadersLetsNoNewOnesIn) {
  FileLocks locks;
  ASSERT_TRUE(locks.lock(&a, kShared));
  ASSERT_TRUE(locks.lock(&z, kShared));
  ASSERT_TRUE(locks.lock(&a, kReserved));

  EXPECT_FALSE(locks.lock(&a, kExclusive));
  EXPECT_EQ(locks.level_of(&a), kPending);
  locks.unlock(&z, kNone);
  EXPECT_FALSE(locks.lock(&z, kShared));
  EXPECT_TRUE(locks.lock(&a, kExclusive));
  EXPECT_FALSE(locks.lock(&z, kShared));
  locks.unlock(&a, kShared);
  EXPECT_TRUE(locks.lock(&z, kShared));
}

TEST(SharedMemory, LocksAreSharedOrExclusiveEachForItself) {
  SharedMemory memory;
  memory.join(&a);
  memory.join(&z);

  EXPECT_TRUE(memory.lock_shared(&a, 3, 1));
  EXPECT_TRUE(memory.lock_shared(&z, 3, 1));
  EXPECT_FALSE(memory.lock_exclusive(&z, 3, 1));
  EXPECT_FALSE(memory.lock_exclusive(&z, 2, 3));
  EXPECT_TRUE(memory.lock_exclusive(&z, 4, 4));
  EXPECT_FALSE(memory.lock_shared(&a, 7, 1));
  EXPECT_FALSE(memory.lock_exclusive(&a, 4, 1));
  memory.unlock(&z, 4, 4);
  EXPECT_TRUE(memory.lock_shared(&a, 7, 1));
  memory.unlock(&a, 3, 1);
  EXPECT_TRUE(memory.lock_exclusive(&z, 3, 1));
}

TEST(SharedMemory, WhoLeavesGivesUpItsLocks) {
  SharedMemory memory;
  memory.join(&a);
  memory.join(&z);
  ASSERT_TRUE(memory.lock_exclusive(&a, 0, 1));

  EXPECT_FALSE(memory.leave(&a));
  EXPECT_TRUE(memory.lock_shared(&z, 0, 1));
  EXPECT_TRUE(memory.leave(&z));
}

TEST(SharedMemory, RegionsComeWhenAskedForAndStayWhereTheyAre) {
  SharedMemory memory;

  EXPECT_EQ(memory.region(0, 32, false), nullptr);
  char* first = memory.region(1, 32, true);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first[31], 0);
  EXPECT_NE(memory.region(0, 32, false), nullptr);
  memory.region(60, 32, true);
  EXPECT_EQ(memory.region(1, 32, false), first);
}

}  // namespace
}  // namespace simulation
