// A changed byte in any table is reported with the table and the row, and is never served. SQLite
// itself does not notice it: its integrity check accepts these files.

#include <gtest/gtest.h>

#include <fstream>

#include "sample.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;

const crdt::Slot kPlace = sample::slot("snapshots", {"a", "f"}, crdt::SlotType::kLwwRegister);

struct Corruption : testing::Test {
  void SetUp() override {
    auto store = sample::open(path);
    ASSERT_TRUE(store->begin().ok());
    ASSERT_TRUE(sample::write(*store, kPlace, {cell(actor(1), 1, "value")}).ok());
    for (std::uint64_t seq = 1; seq <= 3; ++seq) {
      ASSERT_TRUE(sample::apply(*store, sample::change(actor(1), seq)).ok());
    }
    ASSERT_TRUE(store->commit(Durability::kFull).ok());
    sample::fold(*store);
  }
  // Expects an error that names the table, either when the store is opened or in `use`.
  void expect_report(const std::string& sql, const std::string& table,
                     const std::function<base::Status(Store&)>& use) {
    sample::raw(path, sql);
    auto store = Store::open(path, {});
    base::Status status;
    if (store.ok()) {
      status = use(**store);
    } else {
      status = store.error();
    }
    ASSERT_FALSE(status.ok()) << sql;
    EXPECT_EQ(status.error().code, base::Code::kCorrupt) << status.error().message;
    EXPECT_NE(status.error().message.find("table " + table), std::string::npos)
        << status.error().message;
  }
  static base::Status load(Store& store) {
    const auto row = store.cells().load_slot(kPlace);
    return row.ok() ? base::Status() : base::Status(row.error());
  }
  static base::Status range(Store& store) {
    const auto visited =
        store.log().range(store.actors(), {}, {}, [](const LogEntry&) { return true; });
    return visited.ok() ? base::Status() : base::Status(visited.error());
  }

  // The leftmost page below the root of the table.
  void overwrite_first_page(const std::string& table) {
    constexpr std::int64_t kPage = 4096;
    const std::string root = "SELECT rootpage FROM sqlite_schema WHERE name='" + table + "'";
    const std::int64_t start = (sample::raw_number(path, root) - 1) * kPage;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    char place[4] = {};
    file.seekg(start + 12);  // after the head of an inner page: the list of its cells
    file.read(place + 2, 2);
    char child[4];
    file.seekg(start + base::read_be32(place));
    file.read(child, sizeof child);
    file.seekp((base::read_be32(child) - 1) * kPage);
    file.put('\x7f');
    ASSERT_TRUE(file.good());
  }

  sample::Folder folder;
  std::string path = folder.file("a.db");
};

TEST_F(Corruption, OfTheMetaRows) {
  expect_report("UPDATE meta SET v=CAST(x'07'||substr(v,2) AS BLOB) WHERE k=1", "meta", load);
}
TEST_F(Corruption, OfAMissingMetaRow) { expect_report("DELETE FROM meta WHERE k=2", "meta", load); }
TEST_F(Corruption, OfTheCellTotals) {
  expect_report("UPDATE meta SET v=(SELECT v FROM meta WHERE k=4) WHERE k=3", "meta", load);
}
TEST_F(Corruption, OfAnActor) { expect_report("UPDATE actors SET idx=idx+9", "actors", load); }
TEST_F(Corruption, OfAnActorsHead) {
  expect_report("UPDATE meta SET v=CAST(substr(v,1,7)||x'09'||substr(v,9) AS BLOB) WHERE k>>32=2",
                "meta", load);
}
TEST_F(Corruption, OfAMissingHead) {
  expect_report("DELETE FROM meta WHERE k>>32=2", "meta", load);
}
TEST_F(Corruption, OfAnObject) { expect_report("UPDATE objects SET idx=idx+7", "objects", load); }
TEST_F(Corruption, OfAnObjectsTotals) {
  expect_report("UPDATE meta SET v=CAST(substr(v,1,7)||x'02'||substr(v,9) AS BLOB) WHERE k>>32=1",
                "meta", load);
}
TEST_F(Corruption, OfALane) { expect_report("UPDATE lanes SET type=4", "lanes", load); }
TEST_F(Corruption, OfALanesName) { expect_report("UPDATE lanes SET name=x'67'", "lanes", load); }
TEST_F(Corruption, OfAName) { expect_report("UPDATE names SET id=id+1", "names", load); }
TEST_F(Corruption, OfACell) {
  expect_report("UPDATE cells SET v=CAST(substr(v,1,length(v)-1)||x'21' AS BLOB)", "cells", load);
}
TEST_F(Corruption, OfACellsChecksum) {
  expect_report("UPDATE cells SET v=CAST(x'00'||substr(v,2) AS BLOB)", "cells", load);
}
TEST_F(Corruption, OfACellCutShort) { expect_report("UPDATE cells SET v=x'0102'", "cells", load); }
TEST_F(Corruption, OfAChange) {
  expect_report("UPDATE log SET change=CAST(x'00'||substr(change,2) AS BLOB) WHERE seq=2", "log",
                range);
}
TEST_F(Corruption, OfAChangesNumber) {
  expect_report("UPDATE log SET seq=9 WHERE seq=3", "log", range);
}
// The index is only there to make a search shorter.
TEST_F(Corruption, OfTheLogIndexCostsARangeNothingButTime) {
  sample::raw(path, "UPDATE log_index SET pos=3");
  auto store = sample::open(path);

  EXPECT_TRUE(range(*store).ok());

  EXPECT_TRUE(store->log().damaged());
  ASSERT_TRUE(store->begin().ok());
  const auto mended = store->log().mend(store->actors());
  ASSERT_TRUE(mended.ok());
  EXPECT_EQ(mended->rows, 1u);
  EXPECT_EQ(mended->changes, 0u);
  ASSERT_TRUE(store->commit(Durability::kFull).ok());
  EXPECT_FALSE(store->log().damaged());
  EXPECT_TRUE(range(*store).ok());
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(Corruption, ASoundRowInTheWrongPlaceIsBad) {
  {
    auto store = sample::open(path);
    ASSERT_TRUE(sample::commit(*store, sample::slot("snapshots", {"a", "g"}, kPlace.type),
                               {cell(actor(1), 2, "other")})
                    .ok());
    sample::fold(*store);
  }

  expect_report("UPDATE cells SET v=(SELECT v FROM cells ORDER BY id DESC LIMIT 1)", "cells", load);
}

TEST_F(Corruption, ABadCellFailsTheEntryTheScanAndTheDigest) {
  sample::raw(path, "UPDATE cells SET v=CAST(substr(v,1,length(v)-1)||x'21' AS BLOB)");
  auto store = sample::open(path);

  const auto entry = store->cells().entry("snapshots", "a");
  int visits = 0;
  const auto scan = store->cells().scan("snapshots", std::nullopt, [&](const crdt::Entry&) {
    ++visits;
    return true;
  });

  EXPECT_EQ(entry.error().code, base::Code::kCorrupt);
  EXPECT_EQ(scan.error().code, base::Code::kCorrupt);
  EXPECT_EQ(visits, 0);
  EXPECT_EQ(store->verify_digest().error().code, base::Code::kCorrupt);
}

TEST_F(Corruption, ALostRowIsFoundByTheDigest) {
  sample::raw(path, "DELETE FROM cells");

  auto store = sample::open(path);

  EXPECT_EQ(store->verify_digest().error().code, base::Code::kCorrupt);
}

TEST_F(Corruption, ALostNameIsFoundByTheDigest) {
  sample::raw(path, "DELETE FROM names");

  auto store = sample::open(path);

  EXPECT_EQ(store->verify_digest().error().code, base::Code::kCorrupt);
}

// A write that never reached the medium leaves an older version of a page. Each row of that page is
// sound.
TEST_F(Corruption, AStaleCountOfCellsIsCorruptionAndNotAbort) {
  const crdt::Slot second = sample::slot("snapshots", {"b", "f"}, kPlace.type);
  sample::raw(path, "CREATE TABLE kept AS SELECT * FROM meta WHERE k>>32=1");
  ASSERT_TRUE(sample::commit(*sample::open(path), second, {cell(actor(1), 2, "other")}).ok());
  sample::raw(path,
              "UPDATE meta SET v=(SELECT v FROM kept), sum=(SELECT sum FROM kept) WHERE k>>32=1; "
              "DROP TABLE kept");
  auto store = sample::open(path);
  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(sample::write(*store, kPlace, {}).ok());
  ASSERT_TRUE(sample::write(*store, second, {}).ok());

  const auto committed = store->commit(Durability::kFull);

  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code, base::Code::kCorrupt) << committed.error().message;
  EXPECT_EQ(sample::read(*store, second).size(), 1u);
}

// The head of one page is overwritten, and a later table has a bad row.
TEST_F(Corruption, TheScrubGoesOnPastAPageThatCannotBeRead) {
  {
    auto store = sample::open(path);
    ASSERT_TRUE(store->begin().ok());
    for (int i = 0; i < 500; ++i) {
      const auto place = sample::slot("snapshots", {std::to_string(i), "f"}, kPlace.type);
      ASSERT_TRUE(sample::write(*store, place, {cell(actor(1), 2, std::string(300, 'x'))}).ok());
    }
    ASSERT_TRUE(store->commit(Durability::kFull).ok());
    sample::fold(*store);
  }
  sample::raw(path, "UPDATE log SET sum=sum+1 WHERE seq=3");
  overwrite_first_page("cells");
  auto store = sample::open(path);

  bool malformed = false;
  bool bad_row = false;
  for (int i = 0; i < 100; ++i) {
    const auto step = store->scrub().step(64, 1 << 20);
    const std::string told = step.ok() ? "" : step.error().message;
    malformed |= told.find("malformed") != told.npos;
    bad_row |= told.find("table log,") != told.npos;
  }

  EXPECT_TRUE(malformed);
  EXPECT_TRUE(bad_row);
}

TEST_F(Corruption, OfACellTheReaderSays) {
  sample::raw(path, "UPDATE cells SET v=CAST(substr(v,1,length(v)-1)||x'21' AS BLOB)");
  auto reader = std::move(Reader::open(path, {})).value();
  ASSERT_TRUE(reader->begin().ok());

  const auto row = reader->cells().load_slot(kPlace);

  ASSERT_FALSE(row.ok());
  EXPECT_EQ(row.error().code, base::Code::kCorrupt);
}

// Flips every byte of every row of cells in turn.
TEST_F(Corruption, NoSingleByteOfACellPasses) {
  const std::int64_t size = sample::raw_number(path, "SELECT length(v) FROM cells");
  for (std::int64_t at = 1; at <= size; ++at) {
    const std::string here = std::to_string(at);
    const std::string swap =
        "UPDATE cells SET v=CAST(substr(v,1," + here + "-1)||" + "CASE WHEN substr(v," + here +
        ",1)=x'55' THEN x'54' ELSE x'55' END||" + "substr(v," + here + "+1) AS BLOB)";
    sample::raw(path, "CREATE TABLE kept AS SELECT v FROM cells; " + swap);

    EXPECT_FALSE(load(*sample::open(path)).ok()) << at;

    sample::raw(path, "UPDATE cells SET v=(SELECT v FROM kept); DROP TABLE kept");
  }
  EXPECT_TRUE(load(*sample::open(path)).ok());
}

}  // namespace
}  // namespace store
