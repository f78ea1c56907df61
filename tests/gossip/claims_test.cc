#include "gossip/reconcile/claims.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"

namespace gossip::testing {
namespace {

// Rule 3: a change that a power cut may still destroy is not claimed.
TEST(Claims, MoveOnlyWhenDurable) {
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  Claims claims({{}, {1, 1}, {}, {}, {}});
  Stored facts;
  facts.advanced[actor] = {3, 33};
  facts.state = {2, 2};

  claims.stored({5}, facts);
  EXPECT_EQ(claims.committed().seq_of(actor), 3u);
  EXPECT_EQ(claims.claimed().seq_of(actor), 0u);
  EXPECT_EQ(claims.state(), (crdt::StateHash{1, 1}));

  Stored flushed;
  flushed.durable = true;
  flushed.state = {3, 3};
  claims.stored({9}, flushed);
  EXPECT_EQ(claims.claimed().seq_of(actor), 3u);
  EXPECT_EQ(claims.state(), (crdt::StateHash{3, 3}));
  EXPECT_EQ(claims.moved(), (base::Instant{9}));
}

// The queue of the replica was full or its turn failed, so a confirmation was lost. It is sent
// again.
TEST(Claims, AConfirmationThatWasLostIsSaidAgain) {
  Claims claims(Holdings{});
  base::ActorId actor;
  actor.bytes[0] = 1;
  claims.own_actor(actor);
  Stored written;
  written.advanced[actor] = {3, 9};
  written.durable = true;
  claims.stored({}, written);
  Actions out;
  claims.confirm(actor, {3, 0}, out);
  claims.confirm_all(out);
  ASSERT_EQ(out.size(), 1u) << "a second confirmation was sent while the first may still arrive";

  claims.stored({}, Stored{});  // a turn without the confirmation
  claims.confirm_all(out);

  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(std::get<Confirmed>(out[1]).seq, 3u);
  Stored taken;
  taken.confirmed.emplace_back(actor, 3);
  claims.stored({}, taken);
  claims.confirm_all(out);
  EXPECT_EQ(out.size(), 2u);
}

// The replica compares the hash with its own one: a peer may hold another change under this number.
TEST(Claims, AConfirmationNamesTheHashOfThePeersChange) {
  base::ActorId actor;
  actor.bytes[0] = 1;
  Holdings held;
  held.claimed.set(actor, {5, 9});
  held.alone = {actor};
  Actions out;

  Claims(held).confirm(actor, {4, 77}, out);
  Claims(held).confirm(actor, {6, 77}, out);  // the hash is of change 6, not of our change 5

  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(std::get<Confirmed>(out[0]).hash, 77u);
  EXPECT_EQ(std::get<Confirmed>(out[1]).seq, 5u);
  EXPECT_EQ(std::get<Confirmed>(out[1]).hash, 0u);
}

// Rule 7 concerns all changes that may exist only here, not only those that this run wrote.
TEST(Claims, AnActorThatWasLeftIsConfirmedUntilAPeerHasAllOfIt) {
  base::ActorId former;
  former.bytes[0] = 1;
  Holdings held;
  held.claimed.set(former, {5, 9});
  held.left = held.alone = {former};
  Claims claims(held);
  Actions out;

  claims.confirm(former, {4, 0}, out);
  ASSERT_EQ(out.size(), 1u);
  Stored taken;
  taken.confirmed.emplace_back(former, 4);
  claims.stored({}, taken);
  claims.confirm_all(out);
  ASSERT_EQ(out.size(), 2u);
  taken.confirmed = {{former, 5}};
  claims.stored({}, taken);

  EXPECT_TRUE(claims.alone().empty());
}

}  // namespace
}  // namespace gossip::testing
