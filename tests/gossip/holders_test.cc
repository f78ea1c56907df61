// Which members hold a change on their medium.

#include "gossip/reconcile/holders.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

// Three hosts that know each other. Host 0 writes and asks.
struct Trio {
  explicit Trio(std::uint64_t seed) : mesh(seed) {
    mesh.add();
    mesh.add({0});
    mesh.add({0});
    EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(30)));
  }
  HolderWish wish(std::size_t wanted, base::Duration within) {
    const ReplicaDouble& replica = *mesh.host(0).replica;
    const std::uint64_t seq = replica.vector().seq_of(replica.actor());
    return {++tickets, replica.actor(), seq, wanted, mesh.now().instant + within};
  }
  // Writes, and asks when the write is committed.
  void write_and_ask(std::size_t wanted, base::Duration within) {
    const std::uint64_t before = wish(0, {}).seq;
    mesh.write(0);
    EXPECT_TRUE(mesh.run_until([&] { return wish(0, {}).seq > before; }, base::seconds(1)));
    asked = wish(wanted, within);
    mesh.ask_holders(0, asked);
  }
  const std::vector<NodeId>* answer() {
    auto held = mesh.host(0).held_by.find(asked.ticket);
    return held == mesh.host(0).held_by.end() ? nullptr : &held->second;
  }
  std::set<std::size_t> answered() {
    std::set<std::size_t> hosts;
    for (const NodeId& node : *answer()) {
      for (std::size_t i = 0; i < mesh.size(); ++i) {
        if (mesh.host(i).identity.node == node) hosts.insert(i);
      }
    }
    return hosts;
  }
  Mesh mesh;
  HolderWish asked;
  std::uint64_t tickets = 0;
};

TEST(Holders, AreNamedAsSoonAsEnoughOfThemHoldIt) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Trio trio(seed);
    trio.write_and_ask(2, base::seconds(20));
    EXPECT_EQ(trio.answer(), nullptr) << seed;

    EXPECT_TRUE(trio.mesh.run_until([&] { return trio.answer() != nullptr; }, base::seconds(5)));
    EXPECT_EQ(trio.answered(), (std::set<std::size_t>{1, 2})) << seed;
  }
}

// A crash of an agent that was named must not lose the change (rule 3).
TEST(Holders, HoldItOnTheirMedium) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Trio trio(seed);
    trio.write_and_ask(2, base::seconds(20));
    ASSERT_TRUE(trio.mesh.run_until([&] { return trio.answer() != nullptr; }, base::seconds(5)));

    for (std::size_t host : trio.answered()) {
      trio.mesh.host(host).replica->crash();
      EXPECT_TRUE(trio.mesh.host(host).replica->vector().covers(trio.asked.actor, trio.asked.seq))
          << seed;
    }
  }
}

TEST(Holders, WhoIsCutOffIsNotNamedAndTheTimeEndsTheWish) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Trio trio(seed);
    trio.mesh.cut_both(0, 2);
    trio.mesh.cut_both(1, 2);
    const base::Instant begun = trio.mesh.now().instant;
    trio.write_and_ask(2, base::seconds(3));

    EXPECT_TRUE(trio.mesh.run_until([&] { return trio.answer() != nullptr; }, base::seconds(5)));
    EXPECT_EQ(trio.answered(), (std::set<std::size_t>{1})) << seed;
    EXPECT_GE(trio.mesh.now().instant - begun, base::seconds(3));
    EXPECT_LE(trio.mesh.now().instant - begun, base::millis(3'200));
  }
}

TEST(Holders, LostQuestionsAreAskedAgain) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Trio trio(seed);
    trio.mesh.faults.loss_percent = 40;
    trio.write_and_ask(2, base::seconds(20));

    EXPECT_TRUE(trio.mesh.run_until([&] { return trio.answer() != nullptr; }, base::seconds(10)))
        << seed;
  }
}

TEST(Holders, WhoGetsNoDatagramsIsAskedOverASession) {
  Trio trio(7);
  trio.mesh.cut_datagrams(0, 2);
  ASSERT_TRUE(trio.mesh.run_until(
      [&] {
        for (const MemberView& member : trio.mesh.node(0).members(trio.mesh.now())) {
          if (member.udp_blocked) return true;
        }
        return false;
      },
      base::seconds(60)));
  trio.write_and_ask(2, base::seconds(20));

  EXPECT_TRUE(trio.mesh.run_until([&] { return trio.answer() != nullptr; }, base::seconds(10)));
}

TEST(Holders, WithoutTimeTheAnswerIsWhatIsKnown) {
  Trio trio(3);
  trio.write_and_ask(2, {});
  ASSERT_NE(trio.answer(), nullptr);
  EXPECT_TRUE(trio.answer()->empty());

  ASSERT_TRUE(trio.mesh.run_until(
      [&] { return trio.mesh.node(0).known_holders(trio.asked.actor, trio.asked.seq).size() == 2; },
      base::seconds(20)));
  trio.asked = trio.wish(2, {});
  trio.mesh.ask_holders(0, trio.asked);
  ASSERT_NE(trio.answer(), nullptr);
  EXPECT_EQ(trio.answer()->size(), 2u);
}

TEST(Holders, OpenWishesAreBounded) {
  Trio trio(5);
  trio.mesh.cut_both(0, 1);
  trio.mesh.cut_both(0, 2);
  for (std::size_t i = 0; i < kHolderWishesMax; ++i) {
    trio.asked = trio.wish(2, base::seconds(2));
    trio.asked.seq += 1'000;
    trio.mesh.ask_holders(0, trio.asked);
    ASSERT_EQ(trio.answer(), nullptr);
  }
  trio.asked = trio.wish(2, base::seconds(2));
  trio.asked.seq += 1'000;
  trio.mesh.ask_holders(0, trio.asked);
  ASSERT_NE(trio.answer(), nullptr);
  EXPECT_TRUE(trio.answer()->empty());

  trio.mesh.run(base::seconds(3));
  EXPECT_EQ(trio.mesh.host(0).held_by.size(), kHolderWishesMax + 1);
  trio.asked = trio.wish(2, base::seconds(2));
  trio.asked.seq += 1'000;
  trio.mesh.ask_holders(0, trio.asked);
  EXPECT_EQ(trio.answer(), nullptr) << "there is room again";
}

// An answer to no question, or of an actor that nobody asked about, changes nothing.
TEST(Holders, AnswersThatNobodyAskedForAreIgnored) {
  Trio trio(9);
  base::ActorId other;
  other.bytes.fill(9);
  trio.mesh.frame(1, 0, wire::HolderAnswer{other, 77});
  trio.mesh.run(base::seconds(1));

  EXPECT_TRUE(trio.mesh.host(0).held_by.empty());
}

}  // namespace
}  // namespace gossip::testing
