// Packing changes only how entries are stored, never an answer.

#include "crdt/packed_vector.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/base/random.h"
#include "crdt/digest.h"
#include "crdt/version_vector.h"

namespace crdt {
namespace {

ActorId actor_of(std::uint64_t number) {
  return base::Random::from_number(number).id<base::ActorTag>();
}

std::shared_ptr<const PackedVector> packed(const VersionVector::Entries& entries,
                                           const PackedVector* former = nullptr) {
  std::vector<PackedVector::Entry> list;
  for (const auto& [actor, head] : entries) list.push_back({list.size() * 2 + 7, actor, head});
  return PackedVector::of(list, former);
}

TEST(PackedNumbers, AreReadAsTheyWere) {
  base::Random random = base::Random::from_number(1);
  for (const std::size_t count : {0u, 1u, 127u, 128u, 129u, 1'000u}) {
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t bits = random.below(64);
      numbers.push_back(i / 128 % 3 == 0 ? 5 : random.next() >> bits);
    }
    if (count > 500) numbers[500] = UINT64_MAX;

    const PackedNumbers packed(numbers);

    ASSERT_EQ(packed.size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(packed[i], numbers[i]) << i;
  }
}

TEST(PackedVector, FindsByActorAndByNumber) {
  std::vector<PackedVector::Entry> entries;
  for (std::uint64_t i = 0; i < 500; ++i) {
    entries.push_back({i + i / 10 + 1, actor_of(i), {i * i + 1, i * 7}});
  }

  const auto vector = PackedVector::of(entries);

  ASSERT_EQ(vector->size(), 500u);
  for (const PackedVector::Entry& entry : entries) {
    const auto place = vector->find(entry.actor);
    ASSERT_TRUE(place);
    EXPECT_EQ(vector->find_number(entry.number), place);
    EXPECT_EQ(vector->at(*place).number, entry.number);
    EXPECT_EQ(vector->head_of(entry.actor), entry.head);
  }
  EXPECT_FALSE(vector->contains(actor_of(500)));
  EXPECT_EQ(vector->head_of(actor_of(500)), Head{});
  EXPECT_FALSE(vector->find_number(0));
  EXPECT_FALSE(vector->find_number(11)) << "a number that nobody has";
  EXPECT_FALSE(vector->find_number(10'000));
  for (std::size_t nth = 1; nth < vector->size(); ++nth) {
    EXPECT_LT(vector->actor_at(vector->in_order(nth - 1)), vector->actor_at(vector->in_order(nth)));
  }
}

TEST(PackedVector, KnowsWhatDiffersFromTheOneBefore) {
  VersionVector::Entries entries;
  for (std::uint64_t i = 0; i < 10; ++i) entries[actor_of(i)] = {i + 1, i};
  const auto first = packed(entries);
  entries.erase(actor_of(1));
  entries[actor_of(2)] = {50, 50};
  entries[actor_of(11)] = {1, 1};

  const auto second = packed(entries, first.get());

  std::vector<ActorId> expected{actor_of(1), actor_of(2), actor_of(11)};
  std::vector<ActorId> differences = second->differences();
  std::sort(expected.begin(), expected.end());
  std::sort(differences.begin(), differences.end());
  EXPECT_EQ(differences, expected);
  EXPECT_TRUE(second->follows(*first));
  EXPECT_FALSE(first->follows(*second));
  EXPECT_FALSE(packed(entries)->follows(*first));
}

TEST(VersionVector, HoldsAPackedVectorWithAllItsEntries) {
  VersionVector::Entries entries;
  for (std::uint64_t i = 0; i < 300; ++i) entries[actor_of(i)] = {i + 1, i};
  VersionVector plain;
  for (const auto& [actor, head] : entries) plain.set(actor, head);

  const VersionVector vector(packed(entries));

  EXPECT_EQ(vector, plain);
  EXPECT_EQ(plain, vector);
  EXPECT_TRUE(vector.loose().empty());
  EXPECT_EQ(vector.to_map(), entries);
  EXPECT_EQ(vector.packed()->vector_half(), vector_digest(plain).low);
  EXPECT_EQ(vector_digest(vector), vector_digest(plain));
  EXPECT_EQ(VersionVector(packed({})), VersionVector());
}

// A vector and a plain map take the same steps. Between steps the vector is packed in some way.
// Both must always give the same answers.
struct Pair {
  void set(const ActorId& actor, Head head) {
    vector.set(actor, head);
    head.seq == 0 ? void(plain.erase(actor)) : void(plain[actor] = head);
  }
  void check() const {
    VersionVector expected;
    for (const auto& [actor, head] : plain) expected.set(actor, head);
    ASSERT_EQ(vector.to_map(), plain);
    ASSERT_EQ(vector.entries().size(), plain.size());
    ASSERT_EQ(vector.empty(), plain.empty());
    ASSERT_EQ(vector, expected);
    for (const auto& [actor, head] : plain) ASSERT_EQ(vector.head_of(actor), head);
    for (const auto& [actor, head] : vector.loose()) {
      ASSERT_NE(vector.packed() ? vector.packed()->head_of(actor) : Head{}, head);
    }
  }
  VersionVector vector;
  VersionVector::Entries plain;
};

TEST(VersionVector, PackingChangesNoAnswer) {
  constexpr std::uint64_t kActors = 40;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    base::Random random = base::Random::from_number(seed);
    Pair one;
    Pair other;
    for (int step = 0; step < 200; ++step) {
      Pair& pair = random.below(2) == 0 ? one : other;
      const ActorId actor = actor_of(random.below(kActors));
      const std::uint64_t seq = random.below(6);
      if (random.below(4) != 0) {
        pair.set(actor, {seq, seq * 10});
      } else if (random.below(3) == 0) {
        pair.vector.pack(random.below(2) == 0 ? other.vector.packed() : nullptr);
      } else {  // some of the entries, some others, some with other heads
        VersionVector::Entries entries;
        for (const auto& [known, head] : pair.plain) {
          if (random.below(3) != 0) entries[known] = head;
        }
        entries[actor] = {seq + 1, seq};
        const bool follows = random.below(2) == 0;
        pair.vector.pack(packed(entries, follows ? pair.vector.packed().get() : nullptr));
      }
    }
    one.check();
    other.check();
    VersionVector plain_one;
    VersionVector plain_other;
    for (const auto& [actor, head] : one.plain) plain_one.set(actor, head);
    for (const auto& [actor, head] : other.plain) plain_other.set(actor, head);
    EXPECT_EQ(one.vector == other.vector, plain_one == plain_other);
    EXPECT_EQ(one.vector.covers(other.vector), plain_one.covers(plain_other));
    EXPECT_EQ(one.vector.ahead_in(other.vector), plain_one.ahead_in(plain_other));
    EXPECT_EQ(one.vector.lag_behind(other.vector), plain_one.lag_behind(plain_other));
    other.vector.pack(one.vector.packed());
    other.check();
    EXPECT_EQ(one.vector.ahead_in(other.vector), plain_one.ahead_in(plain_other));
    EXPECT_EQ(one.vector.covers(other.vector), plain_one.covers(plain_other));
    EXPECT_EQ(one.vector == other.vector, plain_one == plain_other);
  }
}

}  // namespace
}  // namespace crdt
