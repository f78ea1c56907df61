#include "gossip/reconcile/agenda.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"

namespace gossip::testing {
namespace {

constexpr base::Instant kEarly{10};
constexpr base::Instant kLate{20};

struct Peers {
  base::Random random = base::Random::from_number(1);
  NodeId a = random.id<base::NodeTag>();
  NodeId z = random.id<base::NodeTag>();
};

TEST(Agenda, NobodyIsDueWhenItIsEmpty) {
  Agenda agenda;

  EXPECT_EQ(agenda.next(), base::Instant::never());
  EXPECT_FALSE(agenda.take_due({INT64_MAX - 1}));
}

TEST(Agenda, APeerIsDueFromItsTimeOnAndOnce) {
  Peers peers;
  Agenda agenda;
  agenda.set(peers.a, kEarly);

  EXPECT_EQ(agenda.next(), kEarly);
  EXPECT_FALSE(agenda.take_due({kEarly.nanos - 1}));
  EXPECT_EQ(agenda.take_due(kEarly), peers.a);
  EXPECT_FALSE(agenda.take_due(kEarly));
  EXPECT_EQ(agenda.next(), base::Instant::never());
}

TEST(Agenda, TheEarlierTimeComesFirst) {
  Peers peers;
  Agenda agenda;
  agenda.set(peers.a, kLate);
  agenda.set(peers.z, kEarly);

  EXPECT_EQ(agenda.take_due(kLate), peers.z);
  EXPECT_EQ(agenda.take_due(kLate), peers.a);
}

TEST(Agenda, PeersOfOneTimeAreAllDue) {
  Peers peers;
  Agenda agenda;
  agenda.set(peers.a, kEarly);
  agenda.set(peers.z, kEarly);

  auto first = agenda.take_due(kEarly);
  auto second = agenda.take_due(kEarly);

  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_FALSE(agenda.take_due(kEarly));
}

// A later time replaces an earlier one too: the agenda must not name the peer at both times.
TEST(Agenda, ANewTimeReplacesTheFormerOne) {
  Peers peers;
  Agenda agenda;
  agenda.set(peers.a, kEarly);
  agenda.set(peers.a, kLate);

  EXPECT_EQ(agenda.next(), kLate);
  EXPECT_FALSE(agenda.take_due(kEarly));
  EXPECT_EQ(agenda.take_due(kLate), peers.a);
  EXPECT_FALSE(agenda.take_due(kLate));

  agenda.set(peers.a, kLate);
  agenda.set(peers.a, kEarly);

  EXPECT_EQ(agenda.take_due(kEarly), peers.a);
  EXPECT_EQ(agenda.next(), base::Instant::never());
}

TEST(Agenda, APeerThatIsGoneIsNotDueAndTheOthersAre) {
  Peers peers;
  Agenda agenda;
  agenda.set(peers.a, kEarly);
  agenda.set(peers.z, kEarly);

  agenda.drop(peers.a);
  agenda.drop(peers.a);  // a second call has no effect

  EXPECT_EQ(agenda.take_due(kEarly), peers.z);
  EXPECT_FALSE(agenda.take_due(kEarly));
}

}  // namespace
}  // namespace gossip::testing
