// Closed actors: many in one row, and packed in memory. The form must not change any answer.

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "sample.h"
#include "store/actors.h"
#include "store/closed_codec.h"
#include "store/row.h"

namespace store {
namespace {

using sample::actor;

base::ActorId random_actor(base::Random& random) { return random.id<base::ActorTag>(); }

struct ClosedActors : testing::Test {
  void commit() { ASSERT_TRUE(store->commit(Durability::kFull).ok()); }
  void reopen() {
    store.reset();
    store = sample::open(folder.file("a.db"), options);
  }
  sample::Folder folder;
  Options options;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"), options);
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
    const auto now = store->actors().find(id);
    ASSERT_TRUE(now);
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

// A cell names its actor by number. A reader finds the actor although another connection has closed
// it.
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

// --- Packed in memory ----------------------------------------------------------------------------

TEST_F(ClosedActors, AreSharedByAllConnectionsOfOneAgent) {
  auto ids = write(600);
  close(ids);
  auto reader = Reader::open(folder.file("a.db"), options);
  auto stranger = Reader::open(folder.file("a.db"), {});
  ASSERT_TRUE(reader.ok() && stranger.ok());
  ASSERT_TRUE((*reader)->begin().ok() && (*stranger)->begin().ok());

  const auto seen = (*reader)->actors();
  const auto read = (*stranger)->actors();

  ASSERT_TRUE(seen.ok() && read.ok());
  const auto packed = store->actors().vector().packed();
  EXPECT_GE(packed->size(), 300u);
  EXPECT_EQ((*seen)->vector().packed(), packed);
  EXPECT_NE((*read)->vector().packed(), packed);
  EXPECT_EQ((*seen)->vector(), store->actors().vector());
  EXPECT_EQ((*read)->vector(), store->actors().vector());
  reopen();
  EXPECT_EQ(store->actors().vector().packed(), packed) << "no row was read again";
}

// A snapshot shows the closed actors of its own commit, whatever other connections have shared
// since.
TEST_F(ClosedActors, ASnapshotKeepsItsOwn) {
  auto ids = write(600);
  close({ids.begin(), ids.begin() + 300});
  auto reader = Reader::open(folder.file("a.db"), options);
  ASSERT_TRUE(reader.ok() && (*reader)->begin().ok());
  close({ids.begin() + 300, ids.end()});
  ASSERT_TRUE(store->begin().ok());
  store->actors().advance(ids[5], {500, 9});
  commit();

  auto seen = (*reader)->actors();

  ASSERT_TRUE(seen.ok());
  EXPECT_TRUE((*seen)->find(ids[299])->closed);
  EXPECT_FALSE((*seen)->find(ids[300])->closed);
  EXPECT_NE((*seen)->find(ids[5])->head.seq, 500u);
  EXPECT_EQ((*seen)->closed().count, 300u);
  (*reader)->end();
  (*reader)->release_memory();
  ASSERT_TRUE((*reader)->begin().ok());
  seen = (*reader)->actors();
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ((*seen)->find(ids[5])->head.seq, 500u);
  EXPECT_EQ((*seen)->closed().count, 599u);
  EXPECT_EQ((*seen)->all().size(), 600u);
}

// Each row has a checksum, but one that has vanished, or an old one that came back, shows only in
// the digest over all of them.
TEST_F(ClosedActors, AVanishedRowIsFound) {
  close(write(250));
  store.reset();
  sample::raw(folder.file("a.db"), "DELETE FROM closed WHERE block=1");
  options.closed = std::make_shared<ClosedShare>();

  const auto opened = Store::open(folder.file("a.db"), options);

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::kCorrupt);
  EXPECT_NE(opened.error().message.find("table closed"), std::string::npos);
}

bool same(const Actor& a, const Actor& b) {
  return a.index == b.index && a.head == b.head && a.floor == b.floor && a.node == b.node &&
         a.left == b.left && a.closed == b.closed && a.alone == b.alone &&
         a.head_named() == b.head_named();
}

// Does the same steps on the store and on a plain map, with commits, rollbacks and reopenings.
struct Model {
  std::map<base::ActorId, Actor> now;
  std::map<base::ActorId, Actor> committed;

  void check(const Actors& actors) const {
    ASSERT_EQ(actors.all().size(), now.size());
    crdt::VersionVector vector;
    std::set<base::ActorId> frontier;
    Actors::Closed closed;
    for (const auto& [id, actor] : now) {
      const auto found = actors.find(id);
      ASSERT_TRUE(found);
      ASSERT_TRUE(same(*found, actor)) << actor.index;
      ASSERT_EQ(actors.id_of(actor.index), id);
      vector.set(id, actor.head);
      if (!actor.head_named()) frontier.insert(id);
      if (!actor.closed) continue;
      ++closed.count;
      closed.digest.add(crdt::vector_element(id, actor.head));
    }
    ASSERT_EQ(actors.vector(), vector);
    ASSERT_EQ(actors.vector_digest(), crdt::vector_digest(vector));
    ASSERT_EQ(actors.closed().count, closed.count);
    ASSERT_EQ(actors.closed().digest, closed.digest);
    std::set<base::ActorId> told;
    for (const auto& entry : actors.frontier({})) told.insert(entry.actor);
    ASSERT_EQ(told, frontier);
  }
};

TEST_F(ClosedActors, RandomStepsGiveWhatAPlainMapGives) {
  options.closed_loose_max = 5;
  reopen();
  Model model;
  std::vector<base::ActorId> ids;
  for (int turn = 0; turn < 400; ++turn) {
    ASSERT_TRUE(store->begin(Durability::kNormal).ok());
    Actors& actors = store->actors();
    for (std::uint64_t step = random.below(8); step > 0; --step) {
      const bool fresh = ids.empty() || random.below(3) == 0;
      const base::ActorId id = fresh ? random_actor(random) : random.pick(ids);
      if (fresh) ids.push_back(id);
      Actor& actor = model.now[id];
      if (actor.index == 0) actor.index = actors.intern(id);
      const std::uint64_t what = random.below(8);
      if (what == 0 || actor.head.seq == 0) {
        actor.head = {actor.head.seq + 1 + random.below(300), random.next()};
        actor.closed = false;
        actors.advance(id, actor.head);
      } else if (what <= 3 && actor.head.seq > 0) {
        actor.left = actor.closed = true;
        actors.set_left(id);
        actors.set_closed(id, true);
      } else if (what == 4) {
        actor.floor = std::max(actor.floor, random.below(actor.head.seq + 1));
        actors.raise_floor(id, actor.floor);
      } else if (what == 5) {
        actor.named_seq = std::max(actor.named_seq, random.below(actor.head.seq + 1));
        actors.name(id, actor.named_seq);
      } else if (what == 6) {
        actor.node = nodes[random.below(nodes.size())];
        actors.set_node(id, *actor.node);
      } else {
        actor.alone = !actor.alone;
        actors.set_alone(id, actor.alone);
      }
    }
    model.check(actors);
    if (random.below(5) == 0) {
      store->rollback();
      model.now = model.committed;
      std::erase_if(ids, [&](const auto& id) { return !model.now.contains(id); });
    } else {
      ASSERT_TRUE(store->commit(Durability::kNormal).ok());
      model.committed = model.now;
    }
    if (random.below(20) == 0) {
      if (random.below(2) == 0) options.closed = std::make_shared<ClosedShare>();
      reopen();
    }
    model.check(store->actors());
    if (HasFatalFailure()) FAIL() << "turn " << turn;
  }
  EXPECT_GT(store->actors().vector().packed()->size(), 50u);
}

// visit_lacking() gives the same result however the vector of the peer is packed.
TEST_F(ClosedActors, AreLackingForWhoLacksThem) {
  options.closed_loose_max = 5;
  reopen();
  auto ids = write(60);
  close({ids.begin(), ids.begin() + 50});
  crdt::VersionVector have = store->actors().vector();
  have.set(ids[3], {});
  have.set(ids[40], {1'000, 1});
  have.set(ids[55], {});
  crdt::VersionVector plain = have;
  plain.pack(nullptr);
  for (const crdt::VersionVector& vector : {have, plain}) {
    std::set<base::ActorId> lacking;
    store->actors().visit_lacking(vector, [&](const base::ActorId& id, const Actor&) {
      lacking.insert(id);
      return true;
    });
    EXPECT_EQ(lacking, (std::set<base::ActorId>{ids[3], ids[55]}));
  }
}

}  // namespace
}  // namespace store
