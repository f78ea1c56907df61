// What happens between an accusation and its end. One host is real; the test writes the messages of
// all other members.

#include <gtest/gtest.h>

#include <algorithm>

#include "gossip/swim/membership.h"
#include "tests/gossip/liar.h"

namespace gossip::testing {
namespace {

NodeId stranger(std::uint64_t number) {
  return base::Random::from_number(0xB0'0000 + number).id<base::NodeTag>();
}

// Host 0, a member that is accused (member 0), and members that accuse it.
class Charge : public ::testing::Test {
 protected:
  explicit Charge(std::uint64_t seed = 71) : mesh_(seed) {
    mesh_.add();
    for (std::uint64_t i = 0; i < 5; ++i) {
      std::string here = "10.77.0." + std::to_string(i + 1) + ":7700";
      members_.push_back(std::make_unique<Liar>(mesh_, 0, stranger(i), 1, here));
      members_.back()->say({wire::Join{members_.back()->self()}});
    }
    mesh_.run(base::millis(100));
  }
  // Lets time pass. The other members send something all the time; the accused member is silent
  // unless `all` is set.
  void run(base::Duration time, bool all = false) {
    for (auto end = mesh_.now().instant + time; mesh_.now().instant < end;) {
      for (std::size_t i = all ? 0 : 1; i < members_.size(); ++i) speak(i);
      mesh_.run(std::min(base::millis(50), end - mesh_.now().instant));
    }
  }
  void speak(std::size_t member) { members_[member]->say({wire::Nack{0}}); }
  void accuse(std::size_t by, MemberState state = MemberState::kSuspect) {
    MemberRecord told = members_[0]->self();
    told.state = state;
    told.accuser = stranger(by);
    members_[by]->claim(told);
  }
  MemberState accused() {
    for (const MemberView& view : mesh_.node(0).members(mesh_.now())) {
      if (view.record.node == stranger(0)) return view.record.state;
    }
    return MemberState::kLeft;
  }
  Mesh mesh_;
  std::vector<std::unique_ptr<Liar>> members_;
};

TEST_F(Charge, IsToldToTheAccusedAgainAndAgain) {
  std::vector<Captured> sent;
  run(base::seconds(1), true);
  base::Instant since = mesh_.now().instant;
  accuse(1);
  mesh_.capture = &sent;
  std::vector<std::int64_t> told;  // milliseconds after the charge
  while (accused() == MemberState::kSuspect) {
    run(base::millis(20));
    for (const Captured& captured : std::exchange(sent, {})) {
      if (captured.to != members_[0]->kHere) continue;
      for (const wire::Message& message : members_[0]->read(captured)) {
        const auto* ping = std::get_if<wire::Ping>(&message);
        if (ping == nullptr) continue;
        auto charge = [](const MemberRecord& about) {
          return about.node == stranger(0) && about.state == MemberState::kSuspect;
        };
        EXPECT_TRUE(std::any_of(ping->news.begin(), ping->news.end(), charge));
        told.push_back((mesh_.now().instant - since).millis());
      }
    }
  }
  EXPECT_EQ(accused(), MemberState::kDead);
  auto end = (mesh_.now().instant - since).millis();
  // Three of these pings belong to the probe itself.
  EXPECT_GE(told.size(), 9u);
  for (int quarter = 0; quarter < 4; ++quarter) {
    auto within = [&](std::int64_t at) {
      return at >= end * quarter / 4 && at <= end * (quarter + 1) / 4;
    };
    EXPECT_TRUE(std::any_of(told.begin(), told.end(), within)) << quarter;
  }
}

TEST_F(Charge, EndsSoonerWithMoreAccusers) {
  accuse(1);
  run(base::millis(50));
  accuse(2);
  accuse(3);
  base::Instant since = mesh_.now().instant;
  while (accused() == MemberState::kSuspect) run(base::millis(10));

  SuspicionTimes times = suspicion_times(mesh_.host(0).options.profile, 6);
  EXPECT_LE((mesh_.now().instant - since).millis(), times.min.millis());
}

TEST_F(Charge, OfOneAccuserAloneLastsLong) {
  accuse(1);
  SuspicionTimes times = suspicion_times(mesh_.host(0).options.profile, 6);
  for (int i = 0; i < 20; ++i) accuse(1);
  run(times.min + base::millis(50));
  EXPECT_EQ(accused(), MemberState::kSuspect);
}

// The accused member does not receive the accusation, so it cannot contradict it. But host 0 hears
// the member.
TEST_F(Charge, AgainstOneThatIsHeardIsDropped) {
  accuse(1);
  accuse(2);
  accuse(3);
  run(base::millis(300));
  EXPECT_EQ(accused(), MemberState::kSuspect);
  speak(0);
  while (accused() == MemberState::kSuspect) run(base::millis(10));
  EXPECT_EQ(accused(), MemberState::kAlive);
  EXPECT_TRUE(mesh_.host(0).declared_dead.empty());
}

// Our process stalls for a short time at any moment of the suspicion. Messages that arrived during
// the stall and are read after it still count.
TEST(ChargeLate, IsNotJudgedBeforeWhatWaitsIsRead) {
  class Stalled : public Charge {
   public:
    explicit Stalled(std::int64_t at_millis) : Charge(static_cast<std::uint64_t>(at_millis)) {
      accuse(1);
      accuse(2);
      accuse(3);
      run(base::millis(at_millis));
      if (accused() != MemberState::kSuspect) return;
      mesh_.freeze(0);
      mesh_.run(base::millis(350));
      speak(0);
      mesh_.run(base::millis(350));
      mesh_.thaw(0);
      EXPECT_EQ(mesh_.host(0).downs, 0u) << at_millis;
      covered = true;
    }
    void TestBody() override {}
    bool covered = false;
  };
  int covered = 0;
  for (std::int64_t at = 0; at < 1'500; at += 25) covered += Stalled(at).covered ? 1 : 0;
  EXPECT_GT(covered, 30);
}

// Others say that a member is dead, but we have heard it a moment ago. We suspect it and ping it.
TEST_F(Charge, OfDeathAgainstOneJustHeardBeginsAnew) {
  run(base::seconds(2));
  speak(0);
  accuse(1, MemberState::kDead);
  EXPECT_EQ(accused(), MemberState::kSuspect);
  EXPECT_EQ(mesh_.host(0).downs, 0u);
  run(base::seconds(10));
  EXPECT_EQ(accused(), MemberState::kDead);
}

// The dead member sends something, and at the same moment another member repeats that it is dead.
TEST_F(Charge, OfDeathAgainstOneThatSpeaksBeginsAnew) {
  accuse(1);
  while (accused() != MemberState::kDead) run(base::millis(100));
  std::size_t downs = mesh_.host(0).downs;
  speak(0);
  EXPECT_EQ(accused(), MemberState::kSuspect);
  accuse(1, MemberState::kDead);
  EXPECT_EQ(accused(), MemberState::kSuspect);
  EXPECT_EQ(mesh_.host(0).downs, downs);
}

TEST_F(Charge, OfDeathThatIsReadAfterAPauseOfOursBeginsAnew) {
  run(base::seconds(2));
  mesh_.freeze(0);
  mesh_.run(base::seconds(10));
  accuse(1, MemberState::kDead);
  accuse(2, MemberState::kDead);
  mesh_.thaw(0);
  EXPECT_EQ(accused(), MemberState::kSuspect);
  EXPECT_EQ(mesh_.host(0).downs, 0u);
  run(base::seconds(2));
  accuse(1, MemberState::kDead);
  EXPECT_EQ(accused(), MemberState::kDead);
}

// We were told a higher incarnation of a member than its own. The member must hear of it, so that
// it can raise its incarnation above it.
TEST_F(Charge, OfAHigherNumberIsToldToItsSubject) {
  MemberRecord told = members_[0]->self();
  told.incarnation += 3;
  members_[1]->claim(told);
  run(base::seconds(3), true);  // until the record is not sent as news any more
  std::vector<Captured> sent;
  mesh_.capture = &sent;
  members_[0]->say({wire::Ping{9, {}, 0, {}}});

  bool heard_of_it = false;
  for (const Captured& captured : sent) {
    for (const wire::Message& message : members_[0]->read(captured)) {
      const auto* ack = std::get_if<wire::Ack>(&message);
      if (ack == nullptr) continue;
      for (const MemberRecord& about : ack->news) {
        heard_of_it |= about.node == stranger(0) && about.incarnation == told.incarnation;
      }
    }
  }
  EXPECT_TRUE(heard_of_it);
}

// The agent that asks a helper may not know the incarnation which contradicts its suspicion. The
// helper's answer tells it.
TEST_F(Charge, IsContradictedByWhatAHelperPassesOn) {
  MemberRecord newer = members_[0]->self();
  newer.incarnation += 1;
  members_[0]->claim(newer);
  std::vector<Captured> sent;
  mesh_.capture = &sent;
  members_[1]->say({wire::PingRequest{77, stranger(0), members_[0]->kHere}});
  for (const Captured& captured : std::exchange(sent, {})) {
    for (const wire::Message& message : members_[0]->read(captured)) {
      const auto* ping = std::get_if<wire::Ping>(&message);
      if (ping != nullptr) members_[0]->say({wire::Ack{ping->token, {}, 1, {}}});
    }
  }

  bool passed_on = false;
  for (const Captured& captured : sent) {
    for (const wire::Message& message : members_[1]->read(captured)) {
      const auto* ack = std::get_if<wire::Ack>(&message);
      if (ack == nullptr || ack->token != 77) continue;
      ASSERT_EQ(ack->news.size(), 1u);
      EXPECT_EQ(ack->news[0].node, stranger(0));
      EXPECT_EQ(ack->news[0].incarnation, newer.incarnation);
      passed_on = true;
    }
  }
  EXPECT_TRUE(passed_on);
}

// A twin or a liar raises our incarnation step by step. Each step costs one answer, and the number
// of answers is bounded.
TEST_F(Charge, OfOurselvesIsAnsweredAtABoundedRate) {
  std::uint64_t start = mesh_.node(0).members(mesh_.now())[0].record.incarnation;
  for (int i = 0; i < 100; ++i) {
    MemberRecord told = mesh_.node(0).members(mesh_.now())[0].record;
    told.state = MemberState::kSuspect;
    members_[1]->claim(told);
  }
  EXPECT_EQ(mesh_.node(0).members(mesh_.now())[0].record.incarnation, start + 8);
}

// Agents compare their tables of members by a hash that some pings carry.
class Tables : public Charge {
 protected:
  std::uint64_t host_hash() {
    std::vector<Captured> sent;
    mesh_.capture = &sent;
    for (int i = 0; i < 200; ++i) {
      run(base::millis(100), true);
      for (const Captured& captured : std::exchange(sent, {})) {
        for (const auto& member : members_) {
          if (captured.to != member->kHere) continue;
          for (const wire::Message& message : member->read(captured)) {
            const auto* ping = std::get_if<wire::Ping>(&message);
            if (ping != nullptr && ping->table) return *ping->table;
          }
        }
      }
    }
    ADD_FAILURE() << "no ping with a hash of the table was sent";
    return 0;
  }
  // Tells the host a hash of a table. Returns whether the host asked for the table by a Join.
  bool tell(std::uint64_t hash) {
    std::vector<Captured> sent;
    mesh_.capture = &sent;
    members_[1]->say({wire::Ping{5, {}, 0, {}, hash}});
    mesh_.run(base::millis(1));
    mesh_.capture = nullptr;
    for (const Captured& captured : sent) {
      for (const wire::Message& message : members_[1]->read(captured)) {
        if (std::holds_alternative<wire::Join>(message)) return true;
      }
    }
    return false;
  }
};

TEST_F(Tables, ThatDifferForLongAreAskedForNowAndThen) {
  std::uint64_t hash = host_hash();
  EXPECT_FALSE(tell(hash + 1));
  run(base::millis(3'900), true);
  EXPECT_FALSE(tell(hash + 1));
  run(base::millis(200), true);
  EXPECT_TRUE(tell(hash + 1));
  EXPECT_FALSE(tell(hash + 1));
  run(base::millis(4'100), true);
  EXPECT_TRUE(tell(hash + 1));
}

TEST_F(Tables, ThatAreEqualNowAndThenAreNot) {
  std::uint64_t hash = host_hash();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(tell(hash + 1));
    run(base::millis(2'100), true);
    EXPECT_FALSE(tell(hash));
    run(base::millis(2'100), true);
  }
}

}  // namespace
}  // namespace gossip::testing
