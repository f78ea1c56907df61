// Actors that their owners have left are closed (rule 2). A change at which a replica has stopped
// is not fetched again (rule 12).

#include <gtest/gtest.h>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

constexpr std::size_t a = 0;
constexpr std::size_t z = 1;

// --- Changes that are not fetched again (rule 12) ------------------------------------------------

TEST(Stopped, IsNotFetchedAgainAndAgain) {
  Mesh mesh(10);
  mesh.add();
  mesh.add({a});
  mesh.run(base::seconds(2));
  mesh.host(z).replica->stop_at(mesh.host(a).replica->actor(), 2);
  for (int i = 0; i < 5; ++i) mesh.write(a);
  mesh.run(base::seconds(60));
  EXPECT_EQ(mesh.host(z).replica->size(), 2u);
  EXPECT_EQ(mesh.node(a).members(mesh.now()).at(1).vector_lag, 3u);
  std::size_t bytes = mesh.host(a).session_bytes + mesh.host(z).session_bytes;
  std::uint64_t received = mesh.node(z).stats().changes_received;

  mesh.run(base::seconds(60));

  EXPECT_EQ(mesh.node(z).stats().changes_received, received);
  EXPECT_LE(mesh.host(a).session_bytes + mesh.host(z).session_bytes - bytes, 2'000u);
}

// --- Closing (rule 2) ----------------------------------------------------------------------------

base::ActorId next_actor(std::uint64_t number) {
  return base::Random::from_number(number).id<base::ActorTag>();
}

struct Trio {
  explicit Trio(std::uint64_t seed) : mesh(seed) {
    mesh.add();
    mesh.add({a});
    mesh.add({a});
    mesh.run(base::seconds(3));
    actor = mesh.host(a).replica->actor();
  }
  bool closed(std::size_t host) { return mesh.host(host).replica->closed().contains(actor); }
  // All members learn that the owner writes under another actor now.
  void leave_behind() {
    mesh.run(base::seconds(1));
    mesh.host(a).replica->leave_actor(next_actor(99));
    mesh.write(a);
    for (std::size_t i : {z, std::size_t{2}}) {
      mesh.host(i).replica->hear_left(actor);
      mesh.turn(i);
    }
  }
  Mesh mesh;
  base::ActorId actor;
};

TEST(Closing, FollowsWhenEveryMemberHoldsItAll) {
  Trio trio(11);
  trio.mesh.write(a);
  trio.leave_behind();

  trio.mesh.run(base::seconds(5));

  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(trio.closed(i)) << i;
    EXPECT_EQ(trio.mesh.node(i).stats().actors_closed, 1u);
  }
}

// A member that is away for months must not hold up the others. When it returns, it lacks actors
// that the others have closed. It compares them once and fetches what it lacks.
TEST(Closing, DoesNotWaitForTheDeadWhoGetAllWhenTheyReturn) {
  Trio trio(12);
  trio.mesh.crash(2);
  trio.mesh.run(base::seconds(10));
  for (std::uint64_t round = 0; round < 5; ++round) {
    trio.mesh.write(a);
    trio.actor = trio.mesh.host(a).replica->actor();
    trio.mesh.run(base::seconds(1));
    trio.mesh.host(a).replica->leave_actor(next_actor(99 - round));
    trio.mesh.write(a);
    trio.mesh.host(z).replica->hear_left(trio.actor);
    trio.mesh.turn(z);
    trio.mesh.run(base::seconds(5));
    EXPECT_TRUE(trio.closed(a)) << round;
    EXPECT_TRUE(trio.closed(z)) << round;
  }

  trio.mesh.start(2, {a});
  trio.mesh.run(base::seconds(5));

  EXPECT_EQ(trio.mesh.host(2).replica->state(), trio.mesh.host(a).replica->state());
  EXPECT_LE(trio.mesh.node(2).stats().vectors_whole, 2u)
      << "a whole vector was sent more than once for each peer";
  const std::size_t bytes = trio.mesh.host(2).session_bytes;
  trio.mesh.run(base::seconds(30));
  EXPECT_EQ(trio.mesh.host(2).session_bytes, bytes)
      << "vectors were compared again after the states were equal";
}

// The node knows what a living member holds only after their states have been equal once.
TEST(Closing, WaitsForALivingMemberThatWasNeverSeenEqual) {
  Trio trio(17);
  trio.mesh.faults.loss_percent = 100;
  trio.mesh.write(a);
  trio.mesh.run(base::millis(50));
  trio.mesh.host(a).replica->leave_actor(next_actor(99));
  trio.mesh.write(a);
  trio.mesh.run(base::millis(300));
  EXPECT_FALSE(trio.closed(a));
  trio.mesh.faults.loss_percent = 0;

  trio.mesh.run(base::seconds(10));

  EXPECT_TRUE(trio.mesh.converged());
  EXPECT_TRUE(trio.closed(a));
}

TEST(Closing, OfOneThatIsShownWithMoreIsUndoneAndItIsFetched) {
  Trio trio(13);
  trio.mesh.write(a);
  trio.leave_behind();
  trio.mesh.run(base::seconds(5));
  ASSERT_TRUE(trio.closed(z));
  // A copy of the owner writes under the old actor.
  base::ActorId other = trio.mesh.host(a).replica->actor();
  trio.mesh.host(a).replica->use_actor(trio.actor);
  trio.mesh.write(a);
  trio.mesh.run(base::seconds(3));

  EXPECT_TRUE(trio.mesh.converged());
  EXPECT_EQ(trio.mesh.host(z).replica->vector().seq_of(trio.actor), 2u);
  EXPECT_GE(trio.mesh.host(z).replica->vector().seq_of(other), 1u);
  EXPECT_EQ(trio.mesh.node(z).stats().actors_closed, 2u);  // it was closed a second time
}

TEST(Closing, DoesNotHideTheActorFromWhoLacksIt) {
  Trio trio(14);
  for (int i = 0; i < 4; ++i) trio.mesh.write(a);
  trio.leave_behind();
  trio.mesh.run(base::seconds(5));
  ASSERT_TRUE(trio.closed(z));

  std::size_t late = trio.mesh.add({z});

  ASSERT_TRUE(trio.mesh.run_until([&] { return trio.mesh.converged(); }, base::seconds(5)));
  EXPECT_EQ(trio.mesh.host(late).replica->vector().seq_of(trio.actor), 4u);
}

// Two meshes that did not know each other become one. Each has a closed actor of its own.
TEST(Closing, DoesNotKeepTwoMeshesFromBecomingOne) {
  Mesh mesh(16);
  for (std::size_t i : {0u, 2u}) {
    mesh.add();
    mesh.add({i});
    mesh.write(i);
    mesh.run(base::seconds(3));
    base::ActorId old = mesh.host(i).replica->actor();
    mesh.host(i).replica->leave_actor(next_actor(50 + i));
    mesh.write(i);
    mesh.host(i + 1).replica->hear_left(old);
    mesh.turn(i + 1);
    mesh.run(base::seconds(3));
    ASSERT_TRUE(mesh.host(i).replica->closed().contains(old));
    ASSERT_TRUE(mesh.host(i + 1).replica->closed().contains(old));
  }

  mesh.crash(2);
  mesh.start(2, {0});

  auto one = [&] { return mesh.converged() && mesh.acquainted(); };
  EXPECT_TRUE(mesh.run_until(one, base::seconds(10)));
  std::uint64_t whole = 0;
  for (std::size_t i = 0; i < 4; ++i) whole += mesh.node(i).stats().vectors_whole;
  EXPECT_GT(whole, 0u);
}

TEST(Echo, AnActorThatWeLeftBehindIsFetchedLikeAnyOther) {
  Mesh mesh(15);
  mesh.add();
  mesh.add({a});
  mesh.write(a);
  mesh.run(base::seconds(2));
  base::ActorId old = mesh.host(a).replica->actor();
  mesh.host(a).replica->leave_actor(next_actor(97));
  mesh.node(a).own_actor(next_actor(97));
  mesh.write(a);
  mesh.run(base::seconds(2));
  mesh.host(z).replica->use_actor(old);  // a copy of A that runs at Z
  mesh.write(z);

  mesh.run(base::seconds(3));

  EXPECT_TRUE(mesh.host(a).alarms.empty());
  EXPECT_TRUE(mesh.converged());
  EXPECT_EQ(mesh.host(a).replica->vector().seq_of(old), 2u);
}

}  // namespace
}  // namespace gossip::testing
