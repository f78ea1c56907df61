#include "crdt/digest.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "samples.h"

namespace crdt {
namespace {

using samples::actor;

TEST(Digest, CarriesAndBorrowsAcrossTheHalves) {
  Digest sum{1, UINT64_MAX};

  sum.add({0, 1});
  EXPECT_EQ(sum, (Digest{2, 0}));
  sum.subtract({0, 1});
  EXPECT_EQ(sum, (Digest{1, UINT64_MAX}));

  sum.add({UINT64_MAX, UINT64_MAX});
  sum.subtract({UINT64_MAX, UINT64_MAX});
  EXPECT_EQ(sum, (Digest{1, UINT64_MAX}));
  Digest zero;
  zero.subtract({0, 1});
  EXPECT_EQ(zero, (Digest{UINT64_MAX, UINT64_MAX}));
}

TEST(Digest, OrderDoesNotMatterAndSubtractionIsExact) {
  base::Random random = base::Random::from_number(5);
  std::vector<Digest> elements;
  Digest forward;
  for (int i = 0; i < 1000; ++i) {
    elements.push_back(Digest::of(random.bytes(20)));
    forward.add(elements.back());
  }

  Digest backward;
  for (auto it = elements.rbegin(); it != elements.rend(); ++it) backward.add(*it);
  EXPECT_EQ(forward, backward);

  for (std::size_t i = 0; i < elements.size(); i += 2) forward.subtract(elements[i]);
  for (std::size_t i = 1; i < elements.size(); i += 2) forward.subtract(elements[i]);
  EXPECT_TRUE(forward.is_zero());
}

TEST(Digest, BytesAndHexAreBigEndian) {
  Digest digest{0x0102030405060708u, 0x090A0B0C0D0E0F10u};

  EXPECT_EQ(digest.hex(), "0102030405060708090a0b0c0d0e0f10");
  EXPECT_EQ(Digest::from(digest.bytes()), digest);
  EXPECT_EQ(Digest::from("short"), std::nullopt);
}

TEST(Digest, GoldenVectorElement) {
  Digest element = vector_element(actor(0x11), {9, 0xFEDCBA9876543210u});

  EXPECT_EQ(element.hex(), "6c92b6ebdf8f8a5df9cfcbbc5a54307b");
}

TEST(Digest, OfAVectorFollowsItsEntries) {
  VersionVector vector;
  EXPECT_TRUE(vector_digest(vector).is_zero());

  vector.set(actor(1), {5, 50});
  vector.set(actor(2), {6, 60});
  Digest sum = vector_element(actor(2), {6, 60});
  sum.add(vector_element(actor(1), {5, 50}));

  EXPECT_EQ(vector_digest(vector), sum);
  vector.set(actor(1), {5, 51});
  EXPECT_NE(vector_digest(vector), sum);
}

TEST(Digest, StateHashTellsVectorFromCells) {
  Digest vector{1, 2};
  Digest cells{3, 4};

  EXPECT_EQ(state_hash(vector, cells), (StateHash{2, 4}));
}

}  // namespace
}  // namespace crdt
