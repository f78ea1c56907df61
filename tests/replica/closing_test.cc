// Rule 2: actors that their owners do not use any more, and how they are closed.

#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

using Actors = std::vector<base::ActorId>;

struct Closing : testing::Test {
  Folder folder;
  std::unique_ptr<Replica> a = open_replica(folder.file("a.db"), 1);
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);
  unsigned char starts = 2;

  // Reopens the replica without closing it, like after a kill. Its next own write is under a new
  // actor.
  void kill(std::unique_ptr<Replica>& replica, const std::string& file,
            const ReplicaOptions& options = {}) {
    replica.reset();
    replica = open_replica(folder.file(file), ++starts, options);
  }
};

TEST_F(Closing, AnOwnActorIsLeftAtTheNextStart) {
  turn(*a, 1, {add("x")});
  base::ActorId former = a->own_actor();
  EXPECT_TRUE(a->left().empty());

  kill(a, "a.db");

  EXPECT_EQ(a->left(), Actors{former});
  EXPECT_TRUE(a->closed().empty());
}

TEST_F(Closing, AnotherActorOfTheSameNodeShowsThatTheFormerIsLeft) {
  turn(*z, 1, {received(turn(*a, 1, {add("x")}).facts.own)});
  base::ActorId former = a->own_actor();
  kill(a, "a.db");
  auto own = turn(*a, 2, {add("y")}).facts.own;

  Outputs out = turn(*z, 2, {received(own)});

  EXPECT_EQ(out.facts.left, Actors{former});
  EXPECT_EQ(z->left(), Actors{former});
  EXPECT_TRUE(turn(*z, 3, {received(own)}).facts.left.empty())
      << "the same fact was reported twice";
}

TEST_F(Closing, AClockThatStartsAgainLeavesItsActor) {
  turn(*a, 3'600'000, {add("x")});
  base::ActorId former = a->own_actor();

  Outputs out = turn(*a, 1, {add("y")});

  EXPECT_EQ(out.facts.left, Actors{former});
}

TEST_F(Closing, ClosedOnesStayClosedOverARestart) {
  turn(*a, 1, {add("x")});
  base::ActorId former = a->own_actor();
  kill(a, "a.db");
  crdt::StateHash state = a->state();

  turn(*a, 2, {CloseActors{{former}}});

  EXPECT_EQ(a->closed(), Actors{former});
  EXPECT_TRUE(a->left().empty());
  EXPECT_EQ(a->state(), state) << "closing an actor changed the state hash";
  kill(a, "a.db");
  EXPECT_EQ(a->closed(), Actors{former});
}

TEST_F(Closing, OneThatIsNotLeftIsNotClosed) {
  turn(*a, 1, {add("x")});
  base::ActorId unknown;

  turn(*a, 2, {CloseActors{{a->own_actor(), unknown}}});

  EXPECT_TRUE(a->closed().empty());
}

TEST_F(Closing, AClosedActorThatMovesIsOpenAgain) {
  auto first = turn(*a, 1, {add("x")}).facts.own;
  auto second = turn(*a, 1, {add("y")}).facts.own;
  base::ActorId former = a->own_actor();
  turn(*z, 1, {received(first)});
  ASSERT_TRUE(z->store().begin().ok());
  z->store().actors().set_left(former);
  ASSERT_TRUE(z->store().commit(store::Durability::kFull).ok());
  turn(*z, 2, {CloseActors{{former}}});
  ASSERT_EQ(z->closed(), Actors{former});

  turn(*z, 3, {received(second)});

  EXPECT_TRUE(z->closed().empty());
  EXPECT_EQ(z->left(), Actors{former});
}

TEST_F(Closing, AJoinTellsWhoIsLeft) {
  turn(*a, 1, {add("x")});
  base::ActorId former = a->own_actor();
  kill(a, "a.db");
  turn(*a, 2, {add("y")});

  Outputs out = join(*z, *a);

  EXPECT_EQ(out.facts.left, Actors{former});
  EXPECT_EQ(z->left(), Actors{former});
  EXPECT_EQ(z->store().actors().find(former)->node, a->node_id());
}

TEST_F(Closing, TheBoundOfOwnActorsCountsThoseThatAreOpen) {
  ReplicaOptions options;
  options.own_actors_max = 2;
  auto alarms = [&](std::int64_t millis) {
    kill(a, "a.db", options);
    Outputs out = turn(*a, millis, {add("x")});
    return out.notices.size() == 2 && out.notices[1].kind == Notice::Kind::kActorsMany;
  };
  EXPECT_FALSE(alarms(1));
  EXPECT_FALSE(alarms(2));
  EXPECT_TRUE(alarms(3));

  turn(*a, 4, {CloseActors{a->left()}});

  EXPECT_FALSE(alarms(5));
}

}  // namespace
}  // namespace agent
