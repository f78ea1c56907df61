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

// A file of version 1: everything that versions 2 and 3 added is removed.
TEST_F(StagedPages, AFileOfVersion1IsUpgradedWithAllItHolds) {
  const crdt::Slot place = sample::slot("snapshots", {"x", "f"}, crdt::SlotType::kLwwRegister);
  ASSERT_TRUE(sample::commit(*store, place, {cell(actor(1), 1, "1")}).ok());
  begin();
  ASSERT_TRUE(sample::apply(*store, sample::change(actor(1), 1)).ok());
  commit();
  const crdt::Digest digest = store->meta().digest;
  store.reset();
  const std::string path = folder.file("a.db");
  sample::raw(path, "DROP TABLE staged; DROP TABLE held; DROP TABLE closed; PRAGMA user_version=1");
  base::Bytes clock(12, '\0');
  base::append_be64(clock, 2);  // the next position; version 1 did not know what it had lost
  sample::raw(path, "UPDATE meta SET v=x'" + base::to_hex(clock) + "', sum=" +
                        std::to_string(RowChecksum('m').number(2).bytes(clock).value()) +
                        " WHERE k=2");

  // Version 1 had a token after the node id. Here it is 16 zeros, like everything else in the row
  // except the sizes.
  base::Bytes identity(16 + 16 + 16 + 8 + 2, '\0');
  sample::raw(path, "UPDATE meta SET v=x'" + base::to_hex(identity) + "', sum=" +
                        std::to_string(RowChecksum('m').number(1).bytes(identity).value()) +
                        " WHERE k=1");

  store = sample::open(path);

  EXPECT_EQ(sample::raw_number(path, "PRAGMA user_version"), 3);
  EXPECT_EQ(sample::read(*store, place)[0].body, "1");
  EXPECT_EQ(store->meta().digest, digest);
  EXPECT_FALSE(store->actors().find(actor(1))->left);
  EXPECT_EQ(store->log().changes(), 1u);
  EXPECT_EQ(store->meta().next_position, 2);
  EXPECT_EQ(store->meta().lost_position, 1);
  EXPECT_TRUE(store->verify_digest().ok());
  begin();
  ASSERT_TRUE(store->staged().put(0, 0, "page").ok());
  store->actors().set_left(actor(1));
  commit();
  reopen();
  EXPECT_TRUE(store->actors().find(actor(1))->left);
}

}  // namespace
}  // namespace store
