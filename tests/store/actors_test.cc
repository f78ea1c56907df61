#include "store/actors.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "crdt/base/random.h"
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

  const Actor* found = store->actors().find(actor(2));
  ASSERT_NE(found, nullptr);
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

// --- Closed ones: many to a row ------------------------------------------------------------------

base::ActorId random_actor(base::Random& random) { return random.id<base::ActorTag>(); }

struct ClosedActors : ActorsOf {
  base::Random random = base::Random::from_number(5);
  std::vector<base::NodeId> nodes;

  ClosedActors() {
    for (int i = 0; i < 20; ++i) nodes.push_back(random.id<base::NodeTag>());
  }
  std::vector<base::ActorId> write(std::size_t count) {
    std::vector<base::ActorId> ids;
    EXPECT_TRUE(store->begin(Durability::kNormal).ok());
    for (std::size_t i = 0; i < count; ++i) {
      const base::ActorId id = random_actor(random);
      store->actors().advance(id, {1 + random.below(100), random.next()});
      store->actors().set_node(id, nodes[i % nodes.size()]);
      store->actors().set_left(id);
      ids.push_back(id);
    }
    EXPECT_TRUE(store->commit(Durability::kNormal).ok());
    return ids;
  }
  void close(const std::vector<base::ActorId>& ids, bool closed = true) {
    ASSERT_TRUE(store->begin(Durability::kNormal).ok());
    for (const base::ActorId& id : ids) store->actors().set_closed(id, closed);
    ASSERT_TRUE(store->commit(Durability::kNormal).ok());
  }
  std::int64_t rows(const std::string& table) {
    return sample::raw_number(folder.file("a.db"), "SELECT count(*) FROM " + table);
  }
};

TEST_F(ClosedActors, KeepEverythingOverAReopening) {
  auto ids = write(300);
  ASSERT_TRUE(store->begin().ok());
  store->actors().raise_floor(ids[7], 1);
  store->actors().name(ids[8], 1);
  commit();
  close(ids);
  const auto before = store->actors().all();
  const auto digest = store->actors().vector_digest();

  reopen();

  EXPECT_EQ(rows("actors"), 0);
  EXPECT_LE(rows("closed"), 4);
  EXPECT_EQ(store->actors().vector_digest(), digest);
  ASSERT_EQ(store->actors().all().size(), before.size());
  for (const auto& [id, actor] : before) {
    const Actor* now = store->actors().find(id);
    ASSERT_NE(now, nullptr);
    EXPECT_EQ(now->index, actor.index);
    EXPECT_EQ(now->head, actor.head);
    EXPECT_EQ(now->floor, actor.floor);
    EXPECT_EQ(now->head_named(), actor.head_named());
    EXPECT_EQ(now->node, actor.node);
    EXPECT_TRUE(now->left && now->closed);
  }
  const auto more = write(1);
  EXPECT_GT(store->actors().find(more[0])->index, 300) << "numbers never change hands";
}

TEST_F(ClosedActors, OneThatIsOpenedAgainHasRowsOfItsOwn) {
  auto ids = write(200);
  close(ids);
  ASSERT_TRUE(store->begin().ok());
  store->actors().advance(ids[50], {500, 9});
  commit();

  reopen();

  EXPECT_EQ(rows("actors"), 1);
  EXPECT_FALSE(store->actors().find(ids[50])->closed);
  EXPECT_EQ(store->actors().find(ids[50])->head, (crdt::Head{500, 9}));
  EXPECT_EQ(store->actors().find(ids[50])->node, nodes[50 % 20]);
  EXPECT_TRUE(store->actors().find(ids[51])->closed);
  close({ids[50]});
  reopen();
  EXPECT_EQ(rows("actors"), 0);
  EXPECT_TRUE(store->actors().find(ids[50])->closed);
  close(ids, false);
  EXPECT_EQ(rows("closed"), 0);
  EXPECT_EQ(rows("actors"), 200);
}

TEST_F(ClosedActors, ARolledBackClosingLeavesThemOpen) {
  auto ids = write(150);
  ASSERT_TRUE(store->begin().ok());
  for (const base::ActorId& id : ids) store->actors().set_closed(id, true);
  store->rollback();

  EXPECT_FALSE(store->actors().find(ids[0])->closed);
  close(ids);
  reopen();
  EXPECT_TRUE(store->actors().find(ids[0])->closed);
}

TEST_F(ClosedActors, ADamagedRowIsFound) {
  close(write(150));
  store.reset();
  sample::raw(folder.file("a.db"), "UPDATE closed SET v=CAST(x'01'||substr(v,2) AS BLOB)");

  auto opened = Store::open(folder.file("a.db"), {});

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::kCorrupt);
}

// A cell names its actor by number, whoever has closed it meanwhile.
TEST_F(ClosedActors, AReaderFindsThemByNumber) {
  auto ids = write(150);
  auto reader = Reader::open(folder.file("a.db"), {});
  ASSERT_TRUE(reader.ok());
  const crdt::Slot slot = sample::slot("o", {"f"}, crdt::SlotType::kLwwRegister);
  ASSERT_TRUE(sample::commit(*store, slot, {sample::cell(ids[3], 1, "1")}).ok());
  close(ids);

  ASSERT_TRUE((*reader)->begin().ok());
  auto row = (*reader)->cells().load_slot(slot);

  ASSERT_TRUE(row.ok()) << row.error().message;
  EXPECT_EQ(row->cells.at(0).dot.actor, ids[3]);
}

// Ten years of daily restarts of 20 hosts.
TEST_F(ClosedActors, CostAtMostFortyBytesOfTheFile) {
  constexpr std::size_t kActors = 73'000;
  auto used = [&] {
    return 4'096 * (sample::raw_number(folder.file("a.db"), "PRAGMA page_count") -
                    sample::raw_number(folder.file("a.db"), "PRAGMA freelist_count"));
  };
  reopen();
  const std::int64_t before = used();
  for (std::size_t done = 0; done < kActors; done += 500) close(write(500));
  reopen();

  const auto start = std::chrono::steady_clock::now();
  reopen();
  const auto took = std::chrono::steady_clock::now() - start;

  const double bytes = static_cast<double>(used() - before) / kActors;
  std::cout << "closed actors: " << bytes << " bytes of file each, opened in "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
  EXPECT_LE(bytes, 40.0);
  EXPECT_EQ(store->actors().all().size(), kActors);
}

}  // namespace
}  // namespace store
