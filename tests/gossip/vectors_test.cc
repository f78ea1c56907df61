#include "gossip/reconcile/vectors.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"

namespace gossip::testing {
namespace {

constexpr std::size_t kLive = 1'000;
constexpr std::size_t kClosed = 10'000;

base::ActorId actor_of(std::uint64_t number) {
  return base::Random::from_number(number).id<base::ActorTag>();
}

crdt::StateHash state_of(const crdt::VersionVector& vector) {
  return crdt::state_hash(crdt::vector_digest(vector), crdt::vector_digest(vector));
}

// The claims and the vectors of one agent.
struct Agent {
  explicit Agent(const Holdings& held) : claims(held), vectors(claims, stats) {}
  void write(const base::ActorId& actor) {
    Stored facts;
    crdt::Head head = claims.claimed().head_of(actor);
    facts.advanced[actor] = {head.seq + 1, head.hash + 7};
    crdt::VersionVector next = claims.claimed();
    next.set(actor, facts.advanced[actor]);
    facts.state = state_of(next);
    facts.durable = true;
    claims.stored({1}, facts);
  }
  std::optional<Vectors::Entries> take(const Vectors::Messages& messages) {
    Vectors::Taken taken;
    for (const wire::Vector& message : messages) taken = vectors.take(actor_node(), message);
    EXPECT_TRUE(taken.complete);
    return taken.differs;
  }
  static NodeId actor_node() { return base::Random::from_number(1).id<base::NodeTag>(); }
  Stats stats;
  Claims claims;
  Vectors vectors;
};

// Every second closed actor is packed.
Holdings holdings(std::size_t live, std::size_t closed) {
  Holdings held;
  std::vector<crdt::PackedVector::Entry> packed;
  for (std::size_t i = 0; i < live + closed; ++i) {
    base::ActorId actor = actor_of(i);
    held.claimed.set(actor, {i + 1, i * 31 + 5});
    if (i < live) continue;
    held.closed.push_back(actor);
    if (i % 2 == 0) packed.push_back({i, actor, held.claimed.head_of(actor)});
  }
  held.claimed.pack(crdt::PackedVector::of(packed));
  held.state = state_of(held.claimed);
  return held;
}

std::size_t bytes_of(const Vectors::Messages& messages) {
  std::size_t bytes = 0;
  for (const wire::Vector& message : messages) bytes += wire::encode(message).size();
  return bytes;
}

TEST(Vectors, TellOnlyWhatMovedSinceBothWereEqual) {
  Agent a(holdings(kLive, kClosed));
  Agent z(holdings(kLive, kClosed));
  std::uint64_t equal = a.claims.state().vector;
  a.write(actor_of(1));
  a.write(actor_of(1));
  z.write(actor_of(2));
  z.write(actor_of(3));

  auto question = a.vectors.tell(false, equal);
  auto theirs = z.take(question);
  ASSERT_TRUE(theirs);
  auto answer = z.vectors.tell_above(a.claims.state(), *theirs);
  auto ours = a.take(answer);

  EXPECT_EQ(*theirs, (Vectors::Entries{{actor_of(1), a.claims.claimed().head_of(actor_of(1))},
                                       {actor_of(2), a.claims.claimed().head_of(actor_of(2))},
                                       {actor_of(3), a.claims.claimed().head_of(actor_of(3))}}));
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->size(), 3u);
  EXPECT_EQ(ours->at(actor_of(2)), z.claims.claimed().head_of(actor_of(2)));
  std::size_t bytes = bytes_of(question) + bytes_of(answer);
  printf("1,000 live and 10,000 closed actors, three entries differ: %zu B\n", bytes);
  EXPECT_LE(bytes, 200u);
}

TEST(Vectors, AboveAStateAreNotBelievedWhenSomethingIsMissing) {
  Agent a(holdings(5, 0));
  Agent z(holdings(5, 0));
  std::uint64_t equal = a.claims.state().vector;
  a.write(actor_of(1));
  a.write(actor_of(2));
  auto told = a.vectors.tell(false, equal);

  EXPECT_TRUE(z.take(told));
  told[0].entries.pop_back();
  EXPECT_FALSE(z.take(told));
}

// If the two agents have no state in common, the vector lists the open actors. A sum shows whether
// the closed ones are equal.
TEST(Vectors, LeaveOutClosedActorsWhenNothingIsInCommon) {
  Agent a(holdings(kLive, kClosed));
  Agent z(holdings(kLive, kClosed));
  a.write(actor_of(1));
  z.write(actor_of(2));

  auto question = a.vectors.tell(false, std::nullopt);
  auto theirs = z.take(question);

  ASSERT_TRUE(theirs);
  EXPECT_EQ(theirs->size(), 2u);
  EXPECT_EQ(question.at(0).entries.size(), kLive);
  printf("nothing in common: %zu B\n", bytes_of(question));
}

TEST(Vectors, WorkWhenOnlyOneSideHasClosed) {
  Holdings open = holdings(10, 5);
  open.left = open.closed;
  open.closed.clear();
  Agent a(open);
  Agent z(holdings(10, 5));

  EXPECT_TRUE(a.take(z.vectors.tell(true, std::nullopt)));
  EXPECT_TRUE(z.take(a.vectors.tell(true, std::nullopt)));
}

TEST(Vectors, AreNotBelievedWhenSomethingIsMissing) {
  Agent a(holdings(10, 5));
  Agent knows_less(holdings(8, 0));
  auto told = a.vectors.tell(true, std::nullopt);

  EXPECT_FALSE(knows_less.take(told));  // it lacks the actors that A has closed
  auto whole = knows_less.take(a.vectors.tell_whole());
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->size(), 7u);
  told[0].entries.pop_back();
  Agent other(holdings(10, 5));
  other.write(actor_of(1));
  EXPECT_FALSE(other.take(told));
  told = a.vectors.tell(true, 12'345);  // not in the journal, so no state is in common
  EXPECT_EQ(told[0].base, 0u);
  told[0].base = 12'345;
  EXPECT_FALSE(other.take(told));
}

TEST(Vectors, OfAnEmptyAgentAreWorkedOut) {
  Agent empty{Holdings{}};
  Agent z(holdings(3, 2));

  auto theirs = z.take(empty.vectors.tell(false, std::nullopt));
  ASSERT_TRUE(theirs);
  auto ours = empty.take(z.vectors.tell_above(empty.claims.state(), *theirs));

  ASSERT_TRUE(ours);
  EXPECT_EQ(*ours, z.claims.claimed().to_map());
}

// The peer lacks an actor that we have. Its vector has an entry that says so.
TEST(Vectors, TellWhatIsNotThere) {
  Agent a(holdings(4, 0));
  Agent z(holdings(3, 0));

  auto theirs = z.take(a.vectors.tell(false, std::nullopt));
  ASSERT_TRUE(theirs);
  auto ours = a.take(z.vectors.tell_above(a.claims.state(), *theirs));

  ASSERT_TRUE(ours);
  EXPECT_EQ(*ours, (Vectors::Entries{{actor_of(3), {}}}));
}

TEST(Vectors, ComeInPartsWhenTheyAreLong) {
  std::size_t many = wire::kEntriesPerMessage + 5;
  Agent a(holdings(many, 0));
  Agent z{Holdings{}};

  auto told = a.vectors.tell_whole();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_TRUE(told[0].more);
  EXPECT_FALSE(told[1].more);
  for (const wire::Vector& part : told) {
    EXPECT_TRUE(wire::decode(wire::encode(part)).ok());
  }
  auto theirs = z.take(told);

  ASSERT_TRUE(theirs);
  EXPECT_EQ(theirs->size(), many);
}

TEST(Vectors, InPartsAreBounded) {
  Agent z{Holdings{}};
  wire::Vector part;
  part.entries.assign(wire::kEntriesPerMessage, {actor_of(1), {1, 1}});
  part.more = true;
  for (int i = 0; i < 20; ++i) {
    auto taken = z.vectors.take(Agent::actor_node(), part);
    EXPECT_FALSE(taken.complete);
    EXPECT_TRUE(taken.entries.empty());
  }
  for (std::uint64_t i = 0; i < 100; ++i) {
    auto peer = base::Random::from_number(i).id<base::NodeTag>();
    EXPECT_FALSE(z.vectors.take(peer, part).complete);
  }
}

// The journal is bounded. A peer whose state is older than the journal gets the same list as a peer
// that we do not know.
TEST(Claims, TheJournalForgetsTheOldest) {
  Agent a(holdings(3, 0));
  std::uint64_t first = a.claims.state().vector;
  crdt::VersionVector then = a.claims.claimed();
  for (std::size_t i = 0; i < kMovesKept - 1; ++i) a.write(actor_of(i % 3));
  ASSERT_TRUE(a.claims.version_of(first));
  EXPECT_EQ(a.claims.before(*a.claims.version_of(first)), then.to_map());

  a.write(actor_of(0));
  a.write(actor_of(0));

  EXPECT_FALSE(a.claims.version_of(first));
  EXPECT_TRUE(a.claims.version_of(a.claims.state().vector));
}

// The replica packs actors when it has committed them. A change that is not durable yet is not
// claimed because of that (rule 3).
TEST(Claims, PackingMovesNoClaim) {
  const base::ActorId actor = actor_of(2);
  Agent a(holdings(4, 4));
  const crdt::StateHash before = a.claims.state();
  Stored facts;
  facts.advanced[actor] = {7, 77};
  facts.state = {1, 2};
  facts.packed = crdt::PackedVector::of({{1, actor, {7, 77}}});

  a.claims.stored({1}, facts);

  EXPECT_EQ(a.claims.committed().head_of(actor), (crdt::Head{7, 77}));
  EXPECT_EQ(a.claims.claimed().seq_of(actor), 3u);
  EXPECT_EQ(a.claims.claimed(), holdings(4, 4).claimed);
  EXPECT_EQ(a.claims.state(), before);
  facts.advanced.clear();
  facts.durable = true;
  a.claims.stored({2}, facts);
  EXPECT_EQ(a.claims.claimed().seq_of(actor), 7u);
  EXPECT_EQ(a.claims.before(0), (Vectors::Entries{{actor, {3, 2 * 31 + 5}}}));
}

TEST(Claims, AClosedActorThatIsPackedIsOpenedByWhoShowsMore) {
  Holdings held = holdings(2, 2);  // closed actor 2 is packed, 3 is not
  Agent a(held);
  for (const base::ActorId& actor : held.closed) {
    ASSERT_TRUE(a.claims.is_closed(actor));

    a.claims.open(actor);

    EXPECT_FALSE(a.claims.is_closed(actor));
    EXPECT_TRUE(a.claims.left().contains(actor));
    EXPECT_EQ(a.claims.claimed(), held.claimed);
  }
  EXPECT_EQ(a.vectors.tell(true, std::nullopt).at(0).entries.size(), 4u)
      << "the actors that were opened must be listed again";
  a.claims.close(held.closed[0]);
  a.claims.close(held.closed[1]);
  EXPECT_EQ(a.vectors.tell(true, std::nullopt).at(0).entries.size(), 2u);
  EXPECT_TRUE(a.claims.left().empty());
}

TEST(PeerVector, KnowsTheLagAfterBothHaveMoved) {
  Agent a(holdings(4, 0));
  // The peer is 2 ahead at actor 0, level at 1, has 1 of 3 at actor 2, and nothing of actor 3.
  Vectors::Entries differs{{actor_of(0), {3, 9}}, {actor_of(2), {1, 9}}, {actor_of(3), {}}};
  PeerVector peer(a.claims, differs);
  EXPECT_EQ(peer.lag(a.claims), 2u + 4u);
  EXPECT_EQ(peer.ahead(), (Vectors::Entries{{actor_of(0), {3, 9}}}));

  a.write(actor_of(0));
  EXPECT_EQ(peer.lag(a.claims), 6u);
  a.write(actor_of(0));
  a.write(actor_of(0));  // our own number is now higher than the peer's
  EXPECT_EQ(peer.lag(a.claims), 7u);
  a.write(actor_of(1));
  EXPECT_EQ(peer.lag(a.claims), 8u);
}

}  // namespace
}  // namespace gossip::testing
