// Two running agents with one node id, and an agent whose database was put back to an earlier start
// (rule 2).

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

std::size_t words(Mesh& mesh, std::size_t host) {
  const auto& alarms = mesh.host(host).alarms;
  return static_cast<std::size_t>(std::count_if(alarms.begin(), alarms.end(), [](const Alarm& one) {
    return one.kind == Alarm::Kind::kTwin;
  }));
}

// A mesh of five hosts. The last one is down, and a copy of it takes its place.
struct Five {
  explicit Five(std::uint64_t seed) : mesh(seed) {
    mesh.add();
    for (std::size_t i = 1; i < 5; ++i) mesh.add({0});
    mesh.run(base::seconds(3));
    EXPECT_TRUE(mesh.acquainted());
  }
  // Adds a sixth host with the database of `host` from `epochs` starts ago.
  std::size_t copy(std::size_t host, std::uint64_t epochs, const std::vector<std::size_t>& seeds) {
    std::size_t index = mesh.add();
    mesh.crash(index);
    Identity identity = mesh.host(host).identity;
    identity.advertised = Mesh::address(index);
    identity.boot_epoch -= epochs;
    mesh.host(index).identity = identity;
    mesh.start(index, seeds);
    return index;
  }
  Mesh mesh;
};

TEST(Twins, OfOneStartOneAtLeastHearsOfTheOther) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Five five(seed);
    five.mesh.crash(4);
    std::size_t copy = five.copy(4, 0, {0});
    five.mesh.start(4, {1});

    five.mesh.run(base::seconds(10));

    EXPECT_GE(words(five.mesh, 4) + words(five.mesh, copy), 1u) << seed;
    EXPECT_LE(words(five.mesh, 4), 1u) << seed;
    EXPECT_LE(words(five.mesh, copy), 1u) << seed;
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(words(five.mesh, i), 0u) << seed;
  }
}

// Twins that no address tells apart: both advertise 0.0.0.0, or both are behind one translated
// address.
struct Hidden {
  enum class Bind { kAny, kSame };
  // `seeds` of the copies; the third parties are hosts 0 and 1.
  Hidden(std::uint64_t seed, Bind bind, Options options = {}) : mesh(seed, options) {
    mesh.add();
    mesh.add({0});
    first = mesh.add();
    second = mesh.add();
    mesh.crash(first);
    mesh.crash(second);
    Identity& identity = mesh.host(first).identity;
    identity.advertised =
        bind == Bind::kAny ? *Address::parse("0.0.0.0:7700") : Mesh::address(first);
    mesh.host(second).identity = identity;
    mesh.run(base::seconds(3));
  }
  std::size_t words_of_both() { return words(mesh, first) + words(mesh, second); }
  Mesh mesh;
  std::size_t first = 0;
  std::size_t second = 0;
};

class HiddenTwins : public ::testing::TestWithParam<std::tuple<Hidden::Bind, std::uint64_t>> {};
INSTANTIATE_TEST_SUITE_P(All, HiddenTwins,
                         ::testing::Combine(::testing::Values(Hidden::Bind::kAny,
                                                              Hidden::Bind::kSame),
                                            ::testing::Range<std::uint64_t>(1, 11)));

TEST_P(HiddenTwins, HearOfEachOtherThroughWhoHearsBoth) {
  auto [bind, seed] = GetParam();
  Hidden twins(seed, bind);
  twins.mesh.faults.loss_percent = seed % 3 == 0 ? 20 : 0;

  twins.mesh.start(twins.first, {0});
  twins.mesh.run(base::seconds(static_cast<std::int64_t>(seed % 4)));
  twins.mesh.start(twins.second, {0});
  --twins.mesh.host(twins.second).identity.boot_epoch;  // the value before this start
  bool heard = twins.mesh.run_until([&] { return twins.words_of_both() > 0; }, base::seconds(5));

  EXPECT_TRUE(heard);
  EXPECT_EQ(words(twins.mesh, 0) + words(twins.mesh, 1), 0u);
}

TEST_P(HiddenTwins, HearOfEachOtherThroughTwoWhoHearOneEach) {
  auto [bind, seed] = GetParam();
  Hidden twins(seed, bind);
  twins.mesh.cut_both(twins.first, 1);
  twins.mesh.cut_both(twins.second, 0);
  twins.mesh.cut_both(twins.first, twins.second);

  twins.mesh.start(twins.first, {0});
  twins.mesh.start(twins.second, {1});
  bool heard = twins.mesh.run_until([&] { return twins.words_of_both() > 0; }, base::seconds(10));

  EXPECT_TRUE(heard);
}

TEST_P(HiddenTwins, HearOfEachOtherWhereNobodyElseIs) {
  auto [bind, seed] = GetParam();
  Hidden twins(seed, bind);
  twins.mesh.crash(0);
  twins.mesh.crash(1);
  if (bind == Hidden::Bind::kSame) {
    // Datagrams to the translated address reach neither copy. So a copy that joins it does not
    // reach itself.
    for (std::size_t copy : {twins.first, twins.second}) {
      twins.mesh.host(copy).identity.advertised = Mesh::address(99);
    }
  }

  twins.mesh.start(twins.first);
  twins.mesh.start(twins.second, {twins.first});
  bool heard = twins.mesh.run_until([&] { return twins.words_of_both() > 0; }, base::seconds(10));

  EXPECT_TRUE(heard);
}

// A process restarts at once, datagrams are lost, and some of the former process still arrive.
TEST(Twins, ARestartIsNone) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Five five(seed);
    five.mesh.host(4).identity.advertised = *Address::parse("0.0.0.0:7700");
    five.mesh.faults.loss_percent = seed % 2 == 0 ? 30 : 0;
    five.mesh.faults.delay_max = base::millis(300);
    five.mesh.faults.duplicate_percent = 20;
    for (int i = 0; i < 6; ++i) {
      five.mesh.crash(4);
      five.mesh.start(4, {0});
      five.mesh.run(base::millis(100 * (i * i + 1)));
    }
    five.mesh.run(base::seconds(10));

    EXPECT_EQ(words(five.mesh, 4), 0u) << seed;
    EXPECT_EQ(five.mesh.host(4).twins_heard, 0u) << seed;
  }
}

TEST(Twins, AloneInTheWorldTheyHearItFromEachOther) {
  Mesh mesh(1);
  mesh.add();
  mesh.run(base::seconds(1));
  mesh.add();
  mesh.crash(1);
  mesh.host(1).identity.node = mesh.host(0).identity.node;
  mesh.host(1).identity.boot_epoch = 0;

  mesh.start(1, {0});
  mesh.run(base::seconds(10));

  EXPECT_GE(words(mesh, 0) + words(mesh, 1), 1u);
  EXPECT_LE(words(mesh, 0) + words(mesh, 1), 2u);
}

// Peers have seen later starts of this node. They take nothing from it, but they tell it that there
// was a later start.
TEST(Twins, OneThatWasPutBackSeveralStartsHearsThatItHasALaterOne) {
  Five five(2);
  for (int i = 0; i < 3; ++i) {
    five.mesh.crash(4);
    five.mesh.start(4, {0});
    five.mesh.run(base::seconds(2));
  }
  five.mesh.crash(4);
  five.mesh.host(4).identity.boot_epoch = 0;

  five.mesh.start(4, {0});
  five.mesh.run(base::seconds(3));

  EXPECT_EQ(words(five.mesh, 4), 1u);
  EXPECT_EQ(five.mesh.state_of(0, 4) == MemberState::kLeft, false);
  EXPECT_GT(five.mesh.node(0).stats().refused_epoch, 0u);
}

// Otherwise a lying member could make an agent open its database again and again.
TEST(Twins, AreBelievedOnceAnHourAndNotAtOnceOfAFreshId) {
  for (bool fresh : {false, true}) {
    Mesh mesh(3);
    mesh.add();
    mesh.add({0});
    mesh.crash(1);
    mesh.host(1).identity.fresh = fresh;
    mesh.start(1, {0});
    mesh.run(base::seconds(3));
    MemberRecord lie = mesh.node(1).members(mesh.now())[0].record;
    lie.start += 1;
    auto told = [&] {
      mesh.frame(0, 1, wire::Ack{0, {}, 0, {lie}});
      return words(mesh, 1);
    };

    for (int i = 0; i < 10; ++i) told();
    EXPECT_EQ(told(), fresh ? 0u : 1u);
    mesh.run(base::seconds(3'590));
    EXPECT_EQ(told(), fresh ? 0u : 1u);
    mesh.run(base::seconds(20));
    EXPECT_EQ(told(), fresh ? 1u : 2u);
    EXPECT_EQ(told(), fresh ? 1u : 2u);
  }
}

// The agent keeps its node id for this hour, and its status is degraded.
TEST(Twins, OneThatIsNotBelievedYetIsToldOnceAndShown) {
  Mesh mesh(3);
  mesh.add();
  mesh.add({0});
  mesh.crash(1);
  mesh.host(1).identity.fresh = true;
  mesh.start(1, {0});
  mesh.run(base::seconds(3));
  MemberRecord other = mesh.node(1).members(mesh.now())[0].record;
  other.start += 1;
  EXPECT_FALSE(mesh.node(1).has_twin(mesh.now()));

  for (int i = 0; i < 10; ++i) mesh.frame(0, 1, wire::Ack{0, {}, 0, {other}});

  EXPECT_EQ(words(mesh, 1), 0u);
  EXPECT_EQ(mesh.host(1).twins_heard, 1u);
  EXPECT_TRUE(mesh.node(1).has_twin(mesh.now()));
  mesh.run(kTwinShown + base::seconds(1));
  EXPECT_FALSE(mesh.node(1).has_twin(mesh.now()));
}

TEST(Twins, WhatIsToldOfItsEarlierStartsMeansNothing) {
  Mesh mesh(4);
  mesh.add();
  mesh.add({0});
  mesh.run(base::seconds(3));
  MemberRecord old = mesh.node(1).members(mesh.now())[0].record;
  old.address = Mesh::address(77);
  mesh.crash(1);
  mesh.start(1, {0});
  mesh.run(base::seconds(3));

  mesh.frame(0, 1, wire::Ack{0, {}, 0, {old}});

  EXPECT_EQ(words(mesh, 1), 0u);
}

// For a while, peers may know the number of this start together with the address of the former one.
TEST(Twins, AStartAtAnotherPlaceIsNone) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Five five(seed);
    five.mesh.faults.loss_percent = seed % 2 == 0 ? 20 : 0;
    five.mesh.crash(4);
    std::size_t moved = five.copy(4, static_cast<std::uint64_t>(-1), {0});

    five.mesh.run(base::seconds(20));

    EXPECT_EQ(words(five.mesh, moved), 0u) << seed;
    EXPECT_TRUE(five.mesh.acquainted()) << seed;
  }
}

// The new start is known only from pings, which carry its number alone. Until the record comes,
// peers say nothing about its address.
TEST(Twins, AStartAtAnotherPlaceThatOnlyPingsIsNone) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Five five(seed);
    auto memory = five.mesh.node(4).memory(five.mesh.now());
    five.mesh.crash(4);
    five.mesh.run(base::millis(300));
    std::size_t moved = five.copy(4, static_cast<std::uint64_t>(-1), {});
    five.mesh.faults.loss_percent = 40;
    five.mesh.remember(moved, memory);

    five.mesh.run(base::seconds(30));
    five.mesh.faults.loss_percent = 0;
    five.mesh.run(base::seconds(20));

    EXPECT_EQ(words(five.mesh, moved), 0u) << seed;
    EXPECT_TRUE(five.mesh.acquainted()) << seed;
  }
}

// After a restart an agent gets all datagrams that it ever sent. It must see no twin in them.
TEST(Twins, ARecordingOfOurselvesIsNone) {
  Mesh mesh(5);
  mesh.add();
  mesh.add({0});
  std::vector<Captured> captured;
  mesh.capture = &captured;
  mesh.run(base::seconds(5));
  mesh.capture = nullptr;
  mesh.crash(1);
  mesh.start(1, {0});
  mesh.run(base::seconds(1));

  for (const Captured& datagram : captured) {
    if (datagram.from == Mesh::address(1)) mesh.inject(Mesh::address(77), 1, datagram.bytes);
  }
  mesh.run(base::seconds(5));

  EXPECT_EQ(words(mesh, 1), 0u);
  EXPECT_TRUE(mesh.acquainted());
}

}  // namespace
}  // namespace gossip::testing
