// Tests each part of failure detection alone.

#include <gtest/gtest.h>

#include "gossip/swim/awareness.h"
#include "gossip/swim/greetings.h"
#include "gossip/swim/indirect_probes.h"
#include "gossip/swim/member_table.h"
#include "gossip/swim/probe.h"
#include "gossip/swim/suspicion.h"
#include "gossip/swim/turns.h"

namespace gossip::testing {
namespace {

const base::Instant kStart{base::seconds(50).nanos};

NodeId id(std::uint64_t number) { return base::Random::from_number(number).id<base::NodeTag>(); }

MemberRecord record(std::uint64_t number, MemberState state = MemberState::kAlive) {
  return {id(number), "m", *Address::parse("10.0.0.1:7700"), 1, state, Topology::kDirect};
}

const Profile& lan() {
  static const Profile profile = *profile_from_name("lan");
  return profile;
}

TEST(Suspicion, GrowsWithTheLogarithmOfTheMesh) {
  EXPECT_EQ(suspicion_times(lan(), 10).min.millis(), 800);
  EXPECT_EQ(suspicion_times(lan(), 30).min.millis(), 1'181);
  EXPECT_EQ(suspicion_times(lan(), 10'000).min.millis(), 3'200);
  EXPECT_EQ(suspicion_times(lan(), 30).max, suspicion_times(lan(), 30).min * 5);
  EXPECT_EQ(suspicion_times(*profile_from_name("edge"), 100).min.millis(), 12'000);
}

TEST(Suspicion, IsShortenedByDifferentAccusersOnly) {
  SuspicionTimes times = suspicion_times(lan(), 10);
  Suspicion suspicion(kStart, id(1), times);

  EXPECT_EQ(suspicion.deadline(), kStart + times.max);
  EXPECT_FALSE(suspicion.confirm(id(1)));
  EXPECT_EQ(suspicion.deadline(), kStart + times.max);
  EXPECT_TRUE(suspicion.confirm(id(2)));
  // max - (max - min) * log 2 / log 3
  EXPECT_NEAR(static_cast<double>((suspicion.deadline() - kStart).millis()), 1'981, 1);
  EXPECT_FALSE(suspicion.confirm(id(2)));
  EXPECT_TRUE(suspicion.confirm(id(3)));
  EXPECT_EQ(suspicion.deadline(), kStart + times.min);
  EXPECT_FALSE(suspicion.confirm(id(4)));
}

TEST(Suspicion, OfAFewHoldsTheMinimumOnly) {
  SuspicionTimes times = suspicion_times(lan(), 3);

  EXPECT_EQ(Suspicion(kStart, id(1), times).deadline(), kStart + times.min);
  EXPECT_EQ(times.min, lan().ping_interval * kAloneIntervals);
  EXPECT_EQ(suspicion_times(lan(), 4).confirmations, kConfirmationsMax);
}

TEST(Awareness, IsBoundedAtBothEnds) {
  Awareness health;
  health.better();
  EXPECT_EQ(health.score(), 0u);
  health.worse(100);
  EXPECT_EQ(health.score(), kHealthScoreMax);
  health.better();
  EXPECT_EQ(health.score(), kHealthScoreMax - 1);
}

// Drives a probe to its end and returns the time of each step.
std::vector<std::pair<Probe::Step, std::int64_t>> steps_of(Probe& probe) {
  std::vector<std::pair<Probe::Step, std::int64_t>> steps;
  while (steps.size() < 10) {
    base::Instant now = probe.next_deadline();
    Probe::Step step = probe.advance(now);
    if (step == Probe::Step::kNothing) continue;
    steps.emplace_back(step, (now - kStart).millis());
    if (step == Probe::Step::kNext || step == Probe::Step::kSilent) break;
  }
  return steps;
}

TEST(Probe, AsksAroundAndAgainBeforeItJudges) {
  Probe probe(lan());
  probe.begin(kStart, id(1), 0, std::nullopt);

  using Step = Probe::Step;
  std::vector<std::pair<Step, std::int64_t>> expected = {
      {Step::kAskAround, 150}, {Step::kAskAgain, 300}, {Step::kSilent, 500}};
  EXPECT_EQ(steps_of(probe), expected);
}

TEST(Probe, AnAnswerEndsTheAskingButNotTheInterval) {
  Probe probe(lan());
  probe.begin(kStart, id(1), 0, std::nullopt);
  EXPECT_FALSE(probe.heard(id(2)));
  EXPECT_TRUE(probe.heard(id(1)));
  EXPECT_FALSE(probe.heard(id(1)));

  std::vector<std::pair<Probe::Step, std::int64_t>> expected = {{Probe::Step::kNext, 500}};
  EXPECT_EQ(steps_of(probe), expected);
}

TEST(Probe, OurOwnBadHealthStretchesIt) {
  Probe probe(lan());
  probe.begin(kStart, id(1), 7, std::nullopt);

  EXPECT_EQ(steps_of(probe).back().second, 8 * 500);
}

// When a probe gets neither an answer nor a nack, the agent blames itself. A nack that comes after
// the end of the probe is not counted, so the probe must be long enough for it.
TEST(Probe, ALongRoundTripStretchesItUntilANackCanArrive) {
  for (std::int64_t trip : {1, 50, 99, 101, 200, 800, 3'000}) {
    Probe probe(lan());
    probe.begin(kStart, id(1), 0, base::millis(trip));
    auto steps = steps_of(probe);

    std::int64_t timeout = steps[0].second;
    EXPECT_GT(timeout, trip);
    EXPECT_GT(steps.back().second, 2 * timeout + 2 * trip) << trip;
    EXPECT_EQ(probe.stretched(), trip >= 100) << trip;
  }
}

TEST(Probe, CountsNacksOfItsOwnRequestOncePerHelper) {
  Probe probe(lan());
  probe.begin(kStart, id(1), 0, std::nullopt);
  probe.nack(0, id(2));
  probe.asked_around(9, 2);

  probe.nack(8, id(2));
  probe.nack(9, id(2));
  probe.nack(9, id(2));
  EXPECT_EQ(probe.nacks(), 1u);
  probe.nack(9, id(3));
  probe.nack(9, id(4));
  EXPECT_EQ(probe.nacks(), 2u);
  EXPECT_FALSE(probe.vouched(8));
  EXPECT_TRUE(probe.vouched(9));
}

TEST(Probe, ALateVerdictIsNoVerdict) {
  Probe probe(lan());
  probe.begin(kStart, id(1), 0, std::nullopt);
  probe.advance(kStart + base::millis(150));
  probe.advance(kStart + base::millis(300));

  EXPECT_EQ(probe.advance(kStart + base::millis(900)), Probe::Step::kAskAgain);
  EXPECT_EQ(probe.advance(kStart + base::millis(1'050)), Probe::Step::kSilent);
}

TEST(Turns, ThreeOfFourGoToTheNextOnTheRingAndAllAreVisited) {
  MemberTable table(100);
  std::optional<MemberRecord> evicted;
  for (std::uint64_t i = 1; i <= 12; ++i) table.insert(kStart, record(i), true, evicted);
  Turns turns(id(0), table, base::Random::from_number(4));
  std::map<NodeId, int> watched;
  std::map<NodeId, int> rounds;
  NodeId first = table.living_after(id(0));
  int since_first = 0;

  for (int i = 0; i < 8 * 12; ++i) {
    NodeId node = *turns.next();
    ++(turns.on_round() ? rounds : watched)[node];
    since_first = node == first ? 0 : since_first + 1;
    EXPECT_LE(since_first, 1);  // this alone bounds how late a silence is noticed
  }

  NodeId second = table.living_after(first);
  NodeId third = table.living_after(second);
  EXPECT_EQ(watched, (std::map<NodeId, int>{{first, 48}, {second, 12}, {third, 12}}));
  EXPECT_EQ(rounds.size(), 12u);
  for (const auto& [node, times] : rounds) EXPECT_EQ(times, 2);
}

TEST(Turns, WhoIsAccusedComesNextIfWeWatchIt) {
  MemberTable table(100);
  std::optional<MemberRecord> evicted;
  for (std::uint64_t i = 1; i <= 12; ++i) table.insert(kStart, record(i), true, evicted);
  Turns turns(id(0), table, base::Random::from_number(4));
  NodeId node = id(0);
  for (int place = 1; place <= 12; ++place) {
    node = table.living_after(node);
    if (node == table.living_after(id(0))) continue;  // it is probed often anyway
    MemberRecord accused = table.find(node)->record;
    accused.state = MemberState::kSuspect;
    table.change(kStart, *table.find(node), accused);
    turns.next();
    while (turns.on_round()) turns.next();
    turns.accused(node);
    EXPECT_EQ(turns.next() == node, place <= 3) << place;
  }
}

// Probing must also go on in a mesh of two or three members.
TEST(Turns, FewMembersWrap) {
  for (std::uint64_t members : {1u, 2u, 3u}) {
    MemberTable table(100);
    std::optional<MemberRecord> evicted;
    for (std::uint64_t i = 1; i <= members; ++i) table.insert(kStart, record(i), true, evicted);
    Turns turns(id(0), table, base::Random::from_number(4));
    std::set<NodeId> asked;

    for (int i = 0; i < 16; ++i) asked.insert(turns.next().value());

    EXPECT_EQ(asked.size(), members);
  }
}

TEST(Turns, OnlyTheDeadAreRetried) {
  MemberTable table(100);
  std::optional<MemberRecord> evicted;
  table.insert(kStart, record(1), false, evicted);
  table.insert(kStart, record(2, MemberState::kDead), false, evicted);
  table.insert(kStart, record(3, MemberState::kLeft), false, evicted);
  table.insert(kStart, record(4, MemberState::kDead), false, evicted);
  Turns turns(id(0), table, base::Random::from_number(4));

  std::map<NodeId, int> asked;
  for (int i = 0; i < 10; ++i) ++asked[*turns.next_dead()];

  EXPECT_EQ(asked, (std::map<NodeId, int>{{id(2), 5}, {id(4), 5}}));
}

TEST(IndirectProbes, ANackComesOnceAndTheAckStillGoesThrough) {
  IndirectProbes probes(lan());
  Target asker{*Address::parse("10.0.0.9:1"), id(9)};
  ASSERT_TRUE(probes.add(kStart, 5, asker, 77, id(1)));

  EXPECT_TRUE(probes.due(kStart + base::millis(149)).empty());
  EXPECT_EQ(probes.due(kStart + base::millis(150)).size(), 1u);
  EXPECT_TRUE(probes.due(kStart + base::millis(151)).empty());
  EXPECT_FALSE(probes.acked(5, id(2)));
  auto late = probes.acked(5, id(1));
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(late->asker_token, 77u);
  EXPECT_FALSE(probes.acked(5, id(1)));
}

TEST(IndirectProbes, AreBoundedAndForgotten) {
  IndirectProbes probes(lan());
  std::size_t taken = 0;
  for (std::uint16_t i = 1; i <= 1'000; ++i) taken += probes.add(kStart, i, {}, i, id(1));
  EXPECT_EQ(taken, kIndirectProbesMax);

  probes.due(kStart + base::seconds(1));
  probes.due(kStart + base::seconds(2));

  EXPECT_EQ(probes.next_deadline(), base::Instant::never());
  EXPECT_TRUE(probes.add(kStart, 1, {}, 1, id(1)));
}

TEST(Greetings, AskThreeTimesUnlessHeard) {
  Greetings greetings(lan());
  greetings.add(kStart, id(1));
  greetings.add(kStart, id(2));
  greetings.add(kStart, id(1));

  EXPECT_EQ(greetings.due(kStart).size(), 2u);
  greetings.drop(id(2));
  std::size_t more = 0;
  for (int i = 1; i < 100; ++i) more += greetings.due(kStart + base::millis(100 * i)).size();

  EXPECT_EQ(more, 2u);
  EXPECT_EQ(greetings.size(), 0u);
}

TEST(Greetings, OfOneThatMayHaveStartedAnewAreMore) {
  Greetings greetings(lan());
  greetings.add(kStart, id(1), kClaimTries);
  std::size_t asked = 0;
  for (int i = 0; i < 200; ++i) asked += greetings.due(kStart + base::millis(100 * i)).size();

  EXPECT_EQ(asked, 8u);
  EXPECT_EQ(greetings.size(), 0u);
}

TEST(Greetings, ArePaced) {
  Greetings greetings(lan());
  for (std::uint64_t i = 0; i < 1'000; ++i) greetings.add(kStart, id(i));

  EXPECT_EQ(greetings.due(kStart).size(), kGreetingsPerTick);
  EXPECT_TRUE(greetings.due(kStart).empty());
  EXPECT_EQ(greetings.next_deadline(), kStart + kGreetingTick);
}

TEST(MemberTable, WhoWasHeardAndLivesNeverGivesWay) {
  MemberTable table(3);
  std::optional<MemberRecord> evicted;
  table.insert(kStart, record(1), true, evicted);
  table.insert(kStart, record(2), false, evicted);
  table.insert(kStart, record(3, MemberState::kDead), true, evicted);

  ASSERT_NE(table.insert(kStart, record(4), false, evicted), nullptr);
  EXPECT_EQ(evicted->node, id(3));
  EXPECT_EQ(table.insert(kStart, record(5), false, evicted = {}), nullptr);
  ASSERT_NE(table.insert(kStart, record(6), true, evicted), nullptr);
  EXPECT_TRUE(evicted->node == id(2) || evicted->node == id(4));
  ASSERT_NE(table.insert(kStart, record(7), true, evicted), nullptr);
  EXPECT_EQ(table.insert(kStart, record(8), true, evicted), nullptr);
  EXPECT_NE(table.find(id(1)), nullptr);
}

TEST(MemberTable, ItsHashDependsOnTheLivingOnlyAndNotOnTheirOrder) {
  MemberTable a(10);
  MemberTable z(10);
  std::optional<MemberRecord> evicted;
  for (std::uint64_t i = 1; i <= 3; ++i) a.insert(kStart, record(i), true, evicted);
  for (std::uint64_t i = 3; i >= 1; --i) z.insert(kStart, record(i), true, evicted);
  z.insert(kStart, record(9, MemberState::kDead), false, evicted);
  z.insert(kStart, record(8), false, evicted);  // it is known only from others
  EXPECT_EQ(a.hash(), z.hash());

  MemberRecord dead = record(2, MemberState::kDead);
  a.change(kStart, *a.find(id(2)), dead);
  EXPECT_NE(a.hash(), z.hash());
  z.change(kStart, *z.find(id(2)), dead);
  EXPECT_EQ(a.hash(), z.hash());
  EXPECT_EQ(a.living().size(), 2u);
}

TEST(Options, TimesThatCannotWorkAreRefused) {
  Options options;
  for (std::string_view name : {"local", "lan", "wan", "edge"}) {
    options.profile = *profile_from_name(name);
    EXPECT_TRUE(options.check().ok()) << name;
  }
  // The defaults of memberlist. With them no nack would come in time.
  options.profile.ping_interval = base::seconds(1);
  options.profile.ping_timeout = base::millis(500);
  auto refused = options.check();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("500 ms"), std::string::npos);
}

}  // namespace
}  // namespace gossip::testing
