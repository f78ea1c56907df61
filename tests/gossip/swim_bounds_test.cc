// How much harm a hostile member can do to membership, and what ten thousand dead members cost.

#include <gtest/gtest.h>

#include "gossip/swim/membership.h"
#include "tests/gossip/liar.h"

namespace gossip::testing {
namespace {

NodeId forged_id(std::uint64_t number) {
  return base::Random::from_number(0xF0'0000 + number).id<base::NodeTag>();
}

MemberRecord forged(std::uint64_t number, MemberState state) {
  auto address = *Address::parse("10.99." + std::to_string(number / 250 % 250) + "." +
                                 std::to_string(number % 250 + 1) + ":7700");
  return {forged_id(number), "f", address, 1 << 16, state, Topology::kDirect};
}

void settle(Mesh& mesh, std::size_t count) {
  mesh.add();
  for (std::size_t i = 1; i < count; ++i) mesh.add({0});
  mesh.run(base::seconds(5));
  ASSERT_TRUE(mesh.acquainted());
}

MemberRecord record_of(Mesh& mesh, std::size_t host) {
  return mesh.node(host).members(mesh.now())[0].record;
}

TEST(Forged, JoinsFillTheTableButDisplaceNobodyWhoLives) {
  Options options;
  options.members_max = 500;
  Mesh mesh(1, options);
  settle(mesh, 6);
  Liar liar(mesh, 0, forged_id(999'999));
  liar.say({wire::Join{liar.self()}});

  for (std::uint64_t i = 0; i < 5'000; i += 10) {
    std::vector<MemberRecord> records;
    for (std::uint64_t j = i; j < i + 10; ++j) records.push_back(forged(j, MemberState::kAlive));
    liar.say({wire::Members{records}});
    mesh.run(base::millis(2));
  }
  mesh.run(base::seconds(20));

  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_LE(mesh.node(i).members(mesh.now()).size(), 501u);
    for (std::size_t j = 0; j < 6; ++j) EXPECT_EQ(mesh.state_of(i, j), MemberState::kAlive);
  }
  EXPECT_GT(mesh.node(0).stats().members_refused, 4'000u);

  // A real new member still gets a place in the table.
  std::size_t late = mesh.add({0});
  auto in = [&] { return mesh.state_of(0, late) == MemberState::kAlive; };
  EXPECT_TRUE(mesh.run_until(in, base::seconds(2)));
}

TEST(Forged, TenThousandDeadCostABoundedRateOfPings) {
  Mesh mesh(2);
  settle(mesh, 4);
  Liar liar(mesh, 0, forged_id(999'999));
  for (std::uint64_t i = 0; i < 10'000; i += 10) {
    // Records of dead members that this agent does not know are not taken.
    for (MemberState state : {MemberState::kAlive, MemberState::kDead}) {
      std::vector<MemberRecord> records;
      for (std::uint64_t j = i; j < i + 10; ++j) records.push_back(forged(j, state));
      liar.say({wire::Members{records}});
    }
  }
  EXPECT_GT(mesh.node(0).members(mesh.now()).size(), 10'000u);
  mesh.run(base::seconds(60));
  std::uint64_t before = mesh.node(0).stats().pings_sent;

  mesh.run(base::seconds(30));

  // The usual probes, and pings of dead members at their own rate.
  std::uint64_t most = 30 * (2 + mesh.node(0).options().dead_retries_per_second) + 30;
  EXPECT_LE(mesh.node(0).stats().pings_sent - before, most);
  EXPECT_TRUE(mesh.acquainted());
}

TEST(Lies, AboutOurIncarnationAreAnsweredByBoundedSteps) {
  Mesh mesh(3);
  settle(mesh, 4);
  std::uint64_t start = record_of(mesh, 1).incarnation;
  Liar liar(mesh, 1, forged_id(7));
  for (std::uint64_t lie : {UINT64_MAX, std::uint64_t{1} << 63, start + 1'000, start + 0xFFFF}) {
    MemberRecord record = record_of(mesh, 1);
    record.incarnation = lie;
    for (MemberState state : {MemberState::kAlive, MemberState::kSuspect, MemberState::kDead}) {
      record.state = state;
      liar.claim(record);
    }
    mesh.run(base::seconds(5));
  }

  EXPECT_EQ(record_of(mesh, 1).incarnation, start);
  EXPECT_GT(mesh.node(1).stats().incarnations_refused, 0u);
  EXPECT_TRUE(mesh.acquainted());
}

TEST(Lies, InStepsAreRefutedAtABoundedRate) {
  Mesh mesh(4);
  settle(mesh, 4);
  std::uint64_t start = record_of(mesh, 1).incarnation;
  Liar liar(mesh, 1, forged_id(7));
  for (int i = 0; i < 1'000; ++i) {
    MemberRecord record = record_of(mesh, 1);
    record.state = MemberState::kDead;
    record.incarnation += kIncarnationStep;
    liar.claim(record);
    mesh.run(base::millis(10));
  }
  std::uint64_t raised = record_of(mesh, 1).incarnation - start;

  // In ten seconds the subject answers eight times at once and then once an interval. Each answer
  // raises the number by nine at most.
  EXPECT_GT(raised, 0u);
  EXPECT_LE(raised, (8u + 20u + 2u) * 9u);
  mesh.run(base::seconds(10));
  EXPECT_TRUE(mesh.acquainted());
}

// The lie is about another member, with a number that this member can never reach.
TEST(Lies, AboutAnotherAreAskedOfItself) {
  for (MemberState state :
       {MemberState::kAlive, MemberState::kSuspect, MemberState::kDead, MemberState::kLeft}) {
    Mesh mesh(5);
    settle(mesh, 6);
    Liar liar(mesh, 0, forged_id(7));
    liar.say({wire::Join{liar.self()}});
    MemberRecord record = record_of(mesh, 2);
    record.incarnation = UINT64_MAX;
    record.state = state;
    for (int i = 0; i < 50; ++i) {
      liar.claim(record);
      mesh.run(base::millis(20));
    }
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(mesh.host(i).downs, 0u) << state_name(state);

    // When this member really ends later, the others notice it.
    mesh.crash(2);
    auto known = [&] {
      for (std::size_t i = 0; i < 6; ++i) {
        if (i != 2 && mesh.state_of(i, 2) != MemberState::kDead) return false;
      }
      return true;
    };
    EXPECT_TRUE(mesh.run_until(known, base::seconds(6))) << state_name(state);
  }
}

TEST(Lies, ThatALivingMemberIsDeadAreContradicted) {
  Mesh mesh(6);
  settle(mesh, 10);
  Liar liar(mesh, 0, forged_id(7));
  liar.say({wire::Join{liar.self()}});
  for (int i = 0; i < 20; ++i) {
    MemberRecord record = record_of(mesh, 3);
    record.state = MemberState::kDead;
    liar.claim(record);
    mesh.run(base::millis(500));
  }

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(3)));
  mesh.run(base::seconds(20));
  EXPECT_TRUE(mesh.acquainted());
}

// A lie or an old memory names an address that nobody has. Only the member itself says where it is.
TEST(Lies, AboutAnAddressAreRepairedByTheMemberItself) {
  Mesh mesh(7);
  settle(mesh, 4);
  Liar liar(mesh, 0, forged_id(7));
  liar.say({wire::Join{liar.self()}});
  MemberRecord record = record_of(mesh, 2);
  record.incarnation += 1;
  record.address = *Address::parse("10.66.0.1:7700");
  liar.claim(record);

  auto repaired = [&] {
    for (const MemberView& view : mesh.node(0).members(mesh.now())) {
      if (view.record.node == record.node) return view.record.address == Mesh::address(2);
    }
    return false;
  };
  EXPECT_FALSE(repaired());
  EXPECT_TRUE(mesh.run_until(repaired, base::seconds(20)));
}

TEST(Floods, OfRequestsToPingAreBounded) {
  Mesh mesh(8);
  settle(mesh, 4);
  Liar liar(mesh, 0, forged_id(7));
  liar.say({wire::Join{liar.self()}});
  std::uint64_t before = mesh.node(0).stats().pings_sent;

  for (std::uint64_t i = 1; i <= 2'000; ++i) {
    liar.say({wire::PingRequest{i, mesh.host(2).identity.node, Mesh::address(2)}});
    liar.say({wire::PingRequest{i, forged_id(3), *Address::parse("10.55.0.1:1")}});
  }

  EXPECT_LE(mesh.node(0).stats().pings_sent - before, 256u);
  EXPECT_GT(mesh.node(0).stats().helps_refused, 1'000u);
}

TEST(Floods, OfJoinsAreAnsweredAtABoundedRate) {
  Mesh mesh(9);
  settle(mesh, 30);
  Liar liar(mesh, 0, forged_id(7));
  std::vector<Captured> answers;
  mesh.capture = &answers;

  for (int i = 0; i < 1'000; ++i) liar.say({wire::Join{liar.self()}});
  mesh.capture = nullptr;

  EXPECT_LE(answers.size(), 8u * 4u);
  EXPECT_GT(mesh.node(0).stats().join_answers_suppressed, 900u);
}

TEST(ShortPackets, OfAForgottenStartAreAnsweredAndTheMeshGoesOn) {
  Options forgetful;
  forgetful.starts_known_max = 2;
  Mesh mesh(10);
  std::size_t a = mesh.add({}, forgetful);
  for (int i = 0; i < 6; ++i) mesh.add({a});
  mesh.run(base::seconds(60));

  EXPECT_GT(mesh.node(a).stats().refused_unproven, 0u);
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    EXPECT_TRUE(mesh.host(i).declared_dead.empty()) << i;
  }
}

TEST(ShortPackets, ToOneThatStartedAnewAreNoHindrance) {
  Mesh mesh(11);
  settle(mesh, 8);
  mesh.crash(3);
  mesh.start(3);  // without seeds and memory: only the others know it
  std::uint64_t silences = mesh.node(0).stats().suspicions;

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(10)));
  mesh.run(base::seconds(5));
  EXPECT_LE(mesh.node(0).stats().suspicions, silences + 1);
}

}  // namespace
}  // namespace gossip::testing
