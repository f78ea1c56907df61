#include "store/actors.h"

#include <gtest/gtest.h>

#include "sample.h"

namespace store {
namespace {

using sample::actor;

struct ActorsOf : testing::Test {
  void commit() { ASSERT_TRUE(store->commit(Durability::kFull).ok()); }
  void reopen() {
    store.reset();
    store = sample::open(folder.file("a.db"));
  }
  sample::Folder folder;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"));
};

TEST_F(ActorsOf, RowsSurviveReopening) {
  base::NodeId node;
  node.bytes[1] = 4;
  ASSERT_TRUE(store->begin().ok());
  Actors& actors = store->actors();
  actors.advance(actor(2), {UINT64_MAX, UINT64_MAX});
  actors.raise_floor(actor(2), 7);
  actors.set_node(actor(2), node);
  actors.advance(actor(1), {3, 0x8000000000000000});
  const std::int64_t index = actors.intern(actor(9));
  commit();
  const auto digest = store->actors().vector_digest();

  reopen();

  const auto found = store->actors().find(actor(2));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->head, (crdt::Head{UINT64_MAX, UINT64_MAX}));
  EXPECT_EQ(found->floor, 7u);
  EXPECT_EQ(found->node, node);
  EXPECT_EQ(store->actors().find(actor(1))->head, (crdt::Head{3, 0x8000000000000000}));
  EXPECT_EQ(*store->actors().id_of(index), actor(9));
  EXPECT_EQ(store->actors().vector().entries().size(), 2u);
  EXPECT_EQ(store->actors().vector_digest(), digest);
  EXPECT_EQ(digest, crdt::vector_digest(store->actors().vector()));
}

TEST_F(ActorsOf, TheDigestMovesWithTheVector) {
  ASSERT_TRUE(store->begin().ok());
  for (std::uint64_t seq = 1; seq < 50; ++seq) {
    store->actors().advance(actor(static_cast<unsigned>(seq % 7)), {seq, seq * 31});
  }

  EXPECT_EQ(store->actors().vector_digest(), crdt::vector_digest(store->actors().vector()));
}

TEST_F(ActorsOf, AFloorNeverSinks) {
  ASSERT_TRUE(store->begin().ok());

  store->actors().raise_floor(actor(1), 5);
  store->actors().raise_floor(actor(1), 3);

  EXPECT_EQ(store->actors().find(actor(1))->floor, 5u);
}

TEST_F(ActorsOf, TheFrontierIsWhatNoChangeCameAfter) {
  ASSERT_TRUE(store->begin().ok());
  Actors& actors = store->actors();
  actors.advance(actor(1), {4, 44});
  actors.advance(actor(2), {5, 55});
  actors.advance(actor(3), {6, 66});

  const auto first = actors.frontier(actor(2));
  actors.name(actor(1), 4);
  actors.name(actor(3), 5);  // an older one than the head
  const auto then = actors.frontier(actor(2));
  actors.name(actor(3), 6);
  const auto named = actors.frontier(actor(2));
  actors.advance(actor(3), {7, 77});
  const auto moved = actors.frontier(actor(2));

  EXPECT_EQ(first, (std::vector<crdt::Dependency>{{actor(1), {4, 44}}, {actor(3), {6, 66}}}));
  EXPECT_EQ(then, (std::vector<crdt::Dependency>{{actor(3), {6, 66}}}));
  EXPECT_TRUE(named.empty());
  EXPECT_EQ(moved, (std::vector<crdt::Dependency>{{actor(3), {7, 77}}}));
  EXPECT_EQ(actors.frontier(actor(9)).size(), 2u) << "a new actor comes after the former one, too";
}

TEST_F(ActorsOf, TheFrontierIsRememberedOverARestart) {
  ASSERT_TRUE(store->begin().ok());
  store->actors().advance(actor(1), {4, 44});
  store->actors().advance(actor(2), {5, 55});
  store->actors().name(actor(1), 4);
  store->actors().advance(actor(3), {1, 11});
  commit();

  reopen();

  EXPECT_EQ(store->actors().frontier(actor(9)),
            (std::vector<crdt::Dependency>{{actor(2), {5, 55}}, {actor(3), {1, 11}}}));
}

TEST_F(ActorsOf, NumbersAreKeptAndGrow) {
  ASSERT_TRUE(store->begin().ok());
  const std::int64_t one = store->actors().intern(actor(1));
  const std::int64_t two = store->actors().intern(actor(2));
  commit();

  reopen();

  EXPECT_EQ(store->actors().intern(actor(1)), one);
  EXPECT_EQ(store->actors().intern(actor(2)), two);
  EXPECT_GT(store->actors().intern(actor(3)), two);
}

}  // namespace
}  // namespace store
