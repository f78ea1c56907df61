#include "store/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "sample.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;
using sample::raw;
using sample::raw_number;

crdt::Slot field(const std::string& id, const std::string& name) {
  return sample::slot("snapshots", {id, name}, crdt::SlotType::kLwwRegister);
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST(StoreOpen, ANewFileIsEmptyAndReadByNobodyElse) {
  sample::Folder folder;
  const mode_t before = ::umask(0);

  auto store = sample::open(folder.file("a.db"));

  ::umask(before);
  EXPECT_EQ(store->meta(), Meta{});
  EXPECT_EQ(store->cells().total_cells(), 0);
  EXPECT_EQ(store->log().changes(), 0u);
  EXPECT_TRUE(store->actors().all().empty());
  EXPECT_TRUE(store->verify_digest().ok());
  EXPECT_EQ(mode_of(folder.file("a.db")), 0600u);
  EXPECT_EQ(mode_of(folder.file("a.db-wal")), 0600u);
  EXPECT_EQ(mode_of(folder.file("a.db-shm")), 0600u);
}

TEST(StoreOpen, AWideModeIsTightened) {
  sample::Folder folder;
  sample::open(folder.file("a.db")).reset();
  ::chmod(folder.file("a.db").c_str(), 0644);

  auto store = sample::open(folder.file("a.db"));

  EXPECT_EQ(mode_of(folder.file("a.db")), 0600u);
}

// SQLite gives a side file the mode that the database has at this moment. A database that nobody
// could write for one start must not stay so because of its side files.
TEST(StoreOpen, ASideFileThatCannotBeWrittenIsMended) {
  sample::Folder folder;
  auto first = sample::open(folder.file("a.db"));
  for (const char* side : {"a.db-wal", "a.db-shm"}) ::chmod(folder.file(side).c_str(), 0400);

  auto store = sample::open(folder.file("a.db"));

  EXPECT_EQ(mode_of(folder.file("a.db-wal")), 0600u);
  EXPECT_EQ(mode_of(folder.file("a.db-shm")), 0600u);
}

TEST(StoreOpen, PragmasAreSet) {
  sample::Folder folder;
  sample::open(folder.file("a.db")).reset();

  EXPECT_EQ(raw_number(folder.file("a.db"), "PRAGMA page_size"), 4096);
  EXPECT_EQ(raw_number(folder.file("a.db"), "PRAGMA auto_vacuum"), 2) << "the file never shrinks";
  EXPECT_EQ(raw_number(folder.file("a.db"), "SELECT journal_mode='wal' FROM pragma_journal_mode"),
            1);
  EXPECT_EQ(raw_number(folder.file("a.db"), "PRAGMA application_id"), 0x48525359);
  EXPECT_EQ(raw_number(folder.file("a.db"), "PRAGMA user_version"), 8);
  EXPECT_EQ(raw_number(folder.file("a.db"),
                       "SELECT count(*) FROM pragma_table_list "
                       "WHERE schema='main' AND name NOT LIKE 'sqlite_%' AND NOT strict"),
            0);
}

TEST(StoreOpen, TheFileOfAnotherApplicationIsRefusedAndLeftAlone) {
  sample::Folder folder;
  raw(folder.file("a.db"), "CREATE TABLE theirs(x); PRAGMA application_id=7");
  raw(folder.file("b.db"), "CREATE TABLE theirs(x)");

  const auto with_id = Store::open(folder.file("a.db"), {});
  const auto without = Store::open(folder.file("b.db"), {});

  ASSERT_FALSE(with_id.ok());
  EXPECT_EQ(with_id.error().code, base::Code::kInvalid);
  EXPECT_NE(with_id.error().message.find("another application"), std::string::npos);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code, base::Code::kInvalid);
  EXPECT_EQ(
      raw_number(folder.file("a.db"), "SELECT journal_mode='delete' FROM pragma_journal_mode"), 1);
  EXPECT_EQ(raw_number(folder.file("a.db"), "SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(StoreOpen, ANewerSchemaIsAConflictThatNamesBothVersions) {
  sample::Folder folder;
  sample::open(folder.file("a.db")).reset();
  raw(folder.file("a.db"), "PRAGMA user_version=9");

  const auto store = Store::open(folder.file("a.db"), {});
  const auto reader = Reader::open(folder.file("a.db"), {});

  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::Code::kConflict);
  EXPECT_NE(store.error().message.find("version 9"), std::string::npos);
  EXPECT_NE(store.error().message.find("version 8"), std::string::npos);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, base::Code::kConflict);
}

// There are no upgrade steps. The file stays as it is, for the version that can read it.
TEST(StoreOpen, AnOlderSchemaIsRefusedWithWhatToDo) {
  sample::Folder folder;
  sample::open(folder.file("a.db")).reset();
  raw(folder.file("a.db"), "DROP TABLE recent; PRAGMA user_version=5");

  const auto store = Store::open(folder.file("a.db"), {});
  const auto reader = Reader::open(folder.file("a.db"), {});

  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::Code::kConflict);
  for (const char* part : {"a.db", "version 5", "version 8", "move this file", "peers"}) {
    EXPECT_NE(store.error().message.find(part), std::string::npos) << store.error().message;
  }
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, base::Code::kConflict);
  EXPECT_EQ(raw_number(folder.file("a.db"), "PRAGMA user_version"), 5);
}

TEST(StoreOpen, AChangedBitOfTheVersionIsDamage) {
  sample::Folder folder;
  sample::open(folder.file("a.db")).reset();
  raw(folder.file("a.db"), "PRAGMA user_version=2");

  const auto store = Store::open(folder.file("a.db"), {});

  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::Code::kCorrupt);
}

TEST(StoreOpen, AFileThatIsNoDatabaseIsCorrupt) {
  sample::Folder folder;
  std::ofstream(folder.file("a.db")) << std::string(10'000, 'x');

  const auto store = Store::open(folder.file("a.db"), {});

  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::Code::kCorrupt);
  EXPECT_NE(store.error().message.find("a.db"), std::string::npos);
}

TEST(StoreOpen, AMissingFolderIsNamed) {
  sample::Folder folder;

  const auto store = Store::open(folder.file("none/a.db"), {});

  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::Code::kUnavailable);
  EXPECT_NE(store.error().message.find("none/a.db"), std::string::npos);
}

TEST(StoreOpen, ADatabaseInMemoryWorks) {
  auto store = sample::open(":memory:");

  ASSERT_TRUE(sample::commit(*store, field("a", "f"), {cell(actor(1), 1, "1")}).ok());

  EXPECT_EQ(sample::read(*store, field("a", "f")).size(), 1u);
  EXPECT_TRUE(store->sync().ok());
}

TEST(StoreMeta, EveryFactSurvivesReopening) {
  sample::Folder folder;
  Meta meta;
  meta.node_id.bytes[3] = 1;
  meta.signing_seed = std::string(32, '\x7f');
  meta.boot_epoch = UINT64_MAX;
  meta.host_fingerprint = std::string("print\0here", 10);
  meta.own_actor = actor(5);
  meta.clock = {-5, 77};
  meta.next_position = 12'345'678'901;
  meta.lost_position = 12'345'678'000;
  {
    auto store = sample::open(folder.file("a.db"));
    ASSERT_TRUE(store->begin().ok());
    store->meta() = meta;
    ASSERT_TRUE(store->commit(Durability::kFull).ok());
  }

  auto store = sample::open(folder.file("a.db"));

  EXPECT_EQ(store->meta(), meta);
}

TEST(StoreMeta, TheDigestFollowsTheCells) {
  sample::Folder folder;
  const crdt::Slot slot = field("a", "f");
  const crdt::Cell one = cell(actor(1), 1, "1");
  auto store = sample::open(folder.file("a.db"));

  ASSERT_TRUE(sample::commit(*store, slot, {one}).ok());

  EXPECT_EQ(store->meta().digest, crdt::cell_element(slot, one));
  store.reset();
  store = sample::open(folder.file("a.db"));
  EXPECT_EQ(store->meta().digest, crdt::cell_element(slot, one));
  EXPECT_EQ(store->cells().total_digest(), store->meta().digest);
  ASSERT_TRUE(sample::commit(*store, slot, {}).ok());
  EXPECT_TRUE(store->meta().digest.is_zero());
}

TEST(StoreRollback, MemoryGoesBackToWhatWasCommitted) {
  sample::Folder folder;
  auto store = sample::open(folder.file("a.db"));
  ASSERT_TRUE(sample::commit(*store, field("a", "f"), {cell(actor(1), 1, "1")}).ok());
  const Meta meta = store->meta();
  const auto digest = store->cells().total_digest();

  ASSERT_TRUE(store->begin().ok());
  store->meta().boot_epoch = 9;
  ASSERT_TRUE(sample::write(*store, field("b", "g"), {cell(actor(2), 1, "2")}).ok());
  ASSERT_TRUE(sample::write(*store, field("a", "f"), {}).ok());
  ASSERT_TRUE(sample::write(*store, sample::slot("other", {}, crdt::SlotType::kLwwRegister),
                            {cell(actor(3), 1, "3")})
                  .ok());
  ASSERT_TRUE(sample::apply(*store, sample::change(actor(2), 1)).ok());
  store->actors().name(actor(2), 1);
  store->rollback();

  EXPECT_EQ(store->meta(), meta);
  EXPECT_EQ(store->cells().total_digest(), digest);
  EXPECT_EQ(store->cells().total_cells(), 1);
  EXPECT_EQ(store->cells().object("other", crdt::SlotType::kLwwRegister), nullptr);
  EXPECT_FALSE(store->actors().find(actor(2)));
  EXPECT_TRUE(store->actors().vector().empty());
  EXPECT_EQ(store->log().changes(), 0u);
  EXPECT_EQ(sample::read(*store, field("a", "f")).size(), 1u);
  EXPECT_TRUE(sample::read(*store, field("b", "g")).empty());
  ASSERT_TRUE(sample::commit(*store, field("b", "g"), {cell(actor(2), 1, "2")}).ok());
  EXPECT_TRUE(store->verify_digest().ok());
}

TEST(StoreRollback, AnEntryNamedInItIsNotRemembered) {
  auto store = sample::open(":memory:");
  ASSERT_TRUE(sample::commit(*store, field("other", "f"), {cell(actor(1), 9, "9")}).ok());
  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(sample::write(*store, field("a", "f"), {cell(actor(1), 1, "1")}).ok());
  store->rollback();

  ASSERT_TRUE(sample::commit(*store, field("a", "f"), {cell(actor(1), 2, "2")}).ok());

  EXPECT_EQ(store->cells().entry("snapshots", "a")->fields.at("f")[0].body, "2");
  EXPECT_TRUE(store->verify_digest().ok());
}

TEST(StoreRollback, WithoutATransactionItIsHarmless) {
  auto store = sample::open(":memory:");

  store->rollback();

  EXPECT_TRUE(sample::commit(*store, field("a", "f"), {cell(actor(1), 1, "1")}).ok());
}

}  // namespace
}  // namespace store
