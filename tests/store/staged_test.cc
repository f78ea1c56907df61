// Tables and pruning rules of the store that a state join needs.

#include "store/staged.h"

#include <gtest/gtest.h>

#include "crdt/snapshot.h"
#include "sample.h"
#include "store/row.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;

struct StagedPages : testing::Test {
  void begin() { ASSERT_TRUE(store->begin(Durability::kNormal).ok()); }
  void commit() { ASSERT_TRUE(store->commit(Durability::kNormal).ok()); }
  void reopen() {
    store.reset();
    store = sample::open(folder.file("a.db"));
  }
  sample::Folder folder;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"));
};

TEST_F(StagedPages, ComeBackByPartAndPage) {
  begin();
  ASSERT_TRUE(store->staged().put(0, 0, "head").ok());
  ASSERT_TRUE(store->staged().put(1, 0, std::string(2'000'000, 'c')).ok());
  ASSERT_TRUE(store->staged().put(1, 1, "").ok());
  commit();
  reopen();

  EXPECT_EQ(**store->staged().get(0, 0), "head");
  EXPECT_EQ((*store->staged().get(1, 0))->size(), 2'000'000u);
  EXPECT_EQ(**store->staged().get(1, 1), "");
  EXPECT_FALSE(store->staged().get(1, 2)->has_value());
  begin();
  EXPECT_FALSE(store->staged().put(1, 1, "twice").ok());
  store->rollback();
  begin();
  ASSERT_TRUE(store->staged().clear().ok());
  commit();
  EXPECT_FALSE(store->staged().get(0, 0)->has_value());
}

TEST_F(StagedPages, ABadRowIsNotServed) {
  begin();
  ASSERT_TRUE(store->staged().put(3, 4, "page").ok());
  commit();
  sample::raw(folder.file("a.db"), "UPDATE staged SET body = x'70616765FF'");

  const auto page = store->staged().get(3, 4);

  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, base::Code::kCorrupt);
  EXPECT_NE(page.error().message.find("staged, row 3:4"), std::string::npos);
}

TEST_F(StagedPages, PruningStopsWhereSomebodyStillReads) {
  Options options;
  options.log_bytes_max = 150;
  store.reset();
  store = sample::open(folder.file("a.db"), options);
  begin();
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    ASSERT_TRUE(
        sample::apply(*store, sample::change(actor(seq % 2 == 0 ? 2 : 1), (seq + 1) / 2)).ok());
  }
  // Positions begin at 1. Actor 1 is our own and nobody has confirmed anything of it.
  EXPECT_EQ(store->log().prune(store->actors(), {{actor(1), 0}}, 5)->rows, 2u);
  EXPECT_EQ(store->actors().find(actor(1))->floor, 0u) << "the reader is no reason to lose it";
  EXPECT_EQ(store->actors().find(actor(2))->floor, 2u);

  EXPECT_GT(store->log().prune(store->actors(), {{actor(1), 0}})->rows, 3u);
  commit();
}

TEST_F(StagedPages, ActorsLeftBehindAreToldOnceAndOnlyWhenCommitted) {
  begin();
  ASSERT_TRUE(sample::apply(*store, sample::change(actor(1), 1)).ok());
  commit();
  begin();
  store->actors().set_left(actor(1));
  store->rollback();
  EXPECT_TRUE(store->actors().take_left().empty());
  begin();
  store->actors().set_left(actor(1));
  store->actors().set_left(actor(7));
  commit();
  begin();
  ASSERT_TRUE(sample::apply(*store, sample::change(actor(1), 2)).ok());
  store->rollback();

  EXPECT_EQ(store->actors().take_left(), std::vector<base::ActorId>{actor(1)});
  EXPECT_TRUE(store->actors().take_left().empty());
  EXPECT_FALSE(store->actors().find(actor(7))) << "nobody is made by leaving";
}

}  // namespace
}  // namespace store
