// Compaction through the replica: steps that a client asks for, folding at rest, settings, and the
// law that it changes no state.

#include "agent/replica/store_view.h"
#include "crdt/types/shown.h"
#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

using crdt::Op;
using crdt::Verb;

Input insert(const std::string& object, crdt::Path path, std::uint32_t at, std::string text) {
  crdt::TextInsert insert{at, std::nullopt, std::move(text)};
  return Write{1,
               WriteObject{object, {{std::move(path), Verb::kInsert, std::move(insert), {}, {}}}}};
}
Input erase(const std::string& object, crdt::Path path, std::uint32_t at, std::uint32_t length) {
  crdt::TextErase erase{at, length};
  return Write{1, WriteObject{object, {{std::move(path), Verb::kErase, erase, {}, {}}}}};
}

std::string text_of(Replica& replica, const std::string& object, const crdt::Path& path) {
  auto shown = replica.store().cells().texts().shown({object, path, crdt::SlotType::kSeq});
  EXPECT_TRUE(shown.ok());
  return shown.ok() ? *shown : "";
}

base::Result<Maintained> maintain(Replica& replica, decltype(Maintain::what) what,
                                  std::int64_t millis = 1) {
  Outputs out = turn(replica, millis, {Maintain{7, std::move(what)}});
  EXPECT_EQ(out.maintained.size(), 1u);
  if (out.maintained.empty()) return base::invalid("no reply");
  EXPECT_EQ(out.maintained[0].ticket, 7u);
  return std::move(out.maintained[0].result);
}

// All steps of a compaction. Returns the changes that were folded; counts the steps.
std::uint64_t compact(Replica& replica, const std::optional<std::string>& object = std::nullopt,
                      int* steps = nullptr) {
  std::uint64_t changes = 0;
  Compact step{object, std::nullopt};
  do {
    auto done = maintain(replica, step);
    EXPECT_TRUE(done.ok());
    if (!done.ok()) return changes;
    for (const auto& folded : std::get<Compacted>(*done).objects) changes += folded.changes;
    step.from = std::get<Compacted>(*done).next;
    if (steps) ++*steps;
  } while (step.from);
  return changes;
}

struct CompactionTest : ::testing::Test {
  Folder folder;
  std::unique_ptr<Replica> a = open_replica(folder.file("a.db"), 1);
  store::TextTotals totals() { return a->store().cells().texts().totals(); }
};

TEST_F(CompactionTest, FoldsTheTextsOfOneObjectOrOfAll) {
  for (int i = 0; i < 4; ++i) {
    turn(*a, i, {insert("one", {"t"}, 0, "x"), insert("two", {}, 0, "y")});
  }
  turn(*a, 9, {add("entry")});
  ASSERT_EQ(totals(), (store::TextTotals{2, 2, 8}));

  EXPECT_EQ(compact(*a, "one"), 4u);
  EXPECT_EQ(totals(), (store::TextTotals{2, 1, 4}));
  EXPECT_EQ(compact(*a, "one"), 0u);
  EXPECT_EQ(compact(*a, "snapshots"), 0u) << "other types need no checkpoint";
  EXPECT_EQ(compact(*a), 4u);

  EXPECT_EQ(totals(), (store::TextTotals{2, 0, 0}));
  EXPECT_EQ(text_of(*a, "one", {"t"}), "xxxx");
  auto missing = maintain(*a, Compact{"three", std::nullopt});
  EXPECT_EQ(missing.error().code, base::Code::kNotFound);
  expect_sound(*a);
}

TEST_F(CompactionTest, GoesOnInLaterTurnsAndWritesGoOnBetween) {
  ReplicaOptions options;
  options.compaction.asked.rows = 2;
  a.reset();
  a = open_replica(folder.file("a.db"), 1, options);
  for (int i = 0; i < 9; ++i) turn(*a, i, {insert("doc", {"t" + std::to_string(i)}, 0, "x")});

  auto first = maintain(*a, Compact{});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(std::get<Compacted>(*first).objects.at(0).changes, 2u);
  ASSERT_TRUE(std::get<Compacted>(*first).next);
  Outputs both = turn(*a, 20,
                      {insert("doc", {"t0"}, 1, "y"),
                       Maintain{3, Compact{std::nullopt, std::get<Compacted>(*first).next}}});

  EXPECT_TRUE(both.replies.at(0).result.ok());
  EXPECT_EQ(std::get<Compacted>(*both.maintained.at(0).result).objects.at(0).changes, 2u);
  int steps = 0;
  EXPECT_EQ(compact(*a, std::nullopt, &steps), 6u);
  EXPECT_GE(steps, 4);
  EXPECT_EQ(text_of(*a, "doc", {"t0"}), "xy");
}

TEST_F(CompactionTest, TextsThatWereNotEditedLatelyAreFoldedAtRest) {
  turn(*a, 1, {insert("doc", {"t"}, 0, "abc")});
  const std::int64_t before = 1;
  for (int second = 1; second < 10; ++second) {
    a->scrub(at(before + second * 1'000));
    EXPECT_EQ(totals().waiting, 1u) << second;
  }
  a->scrub(at(11'000));

  EXPECT_EQ(totals().waiting, 0u);
  EXPECT_EQ(a->counts().folds, 1u);
  EXPECT_GT(a->counts().written_bytes, 4'096u);
  // After a start no edit is lately.
  turn(*a, 12'000, {insert("doc", {"t"}, 3, "d")});
  a.reset();
  a = open_replica(folder.file("a.db"), 1);
  a->scrub(at(1'000));
  EXPECT_EQ(totals(), (store::TextTotals{1, 0, 0}));
  EXPECT_EQ(text_of(*a, "doc", {"t"}), "abcd");
}

TEST_F(CompactionTest, SettingsAreCheckedAndKeptOverARestart) {
  auto set = maintain(*a, SetCompaction{false, 3});
  ASSERT_TRUE(set.ok());
  EXPECT_FALSE(std::get<CompactionSettings>(*set).automatic);
  for (const std::uint32_t every : {0u, store::kFoldChangesMax + 1}) {
    auto bad = maintain(*a, SetCompaction{std::nullopt, every});
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().code, base::Code::kInvalid);
  }
  a.reset();
  a = open_replica(folder.file("a.db"), 1);

  auto same = maintain(*a, SetCompaction{});
  EXPECT_FALSE(std::get<CompactionSettings>(*same).automatic);
  EXPECT_EQ(std::get<CompactionSettings>(*same).every, 3u);
  for (int i = 0; i < 2; ++i) turn(*a, i, {insert("doc", {"t"}, 0, "x")});
  for (int second = 0; second < 30; ++second) a->scrub(at(second * 1'000));
  EXPECT_EQ(totals().waiting_changes, 2u) << "nothing is folded at rest";
  turn(*a, 3, {insert("doc", {"t"}, 0, "x")});
  EXPECT_EQ(totals().waiting_changes, 0u) << "the commit of the third change folds";
}

TEST_F(CompactionTest, ADamagedTextFailsNoWriteOfItsTurn) {
  turn(*a, 1, {insert("doc", {"t"}, 0, "abc"), add("x")});
  a->release_memory();
  ASSERT_TRUE(a->store().begin().ok());
  ASSERT_TRUE(a->store().blocks().put(1, std::int64_t{1} << 40, "no edits").ok());
  ASSERT_TRUE(a->store().commit(store::Durability::kFull).ok());

  Outputs out = turn(*a, 2, {add("y"), Maintain{7, Compact{}}});

  EXPECT_TRUE(out.replies.at(0).result.ok());
  ASSERT_FALSE(out.maintained.at(0).result.ok());
  EXPECT_EQ(out.maintained.at(0).result.error().code, base::Code::kCorrupt);
  EXPECT_TRUE(has_notice(out, Notice::Kind::kCorruptRow));
  EXPECT_EQ(shown(*a, "y"), R"({"size":1})");
}

// One replica is compacted at random moments, its twin never. Both get the same changes, from each
// other too.
TEST_F(CompactionTest, AnyCompactionLeavesTheStateOfATwinWithoutOne) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    auto random = base::Random::from_number(seed);
    ReplicaOptions options;
    options.store.fold_changes = 2 + static_cast<std::uint32_t>(random.below(8));
    options.store.texts_open_bytes = random.below(2) == 0 ? 1 : 1u << 20;
    options.compaction.asked.rows = 1 + random.below(3);
    options.compaction.rest.rest = static_cast<std::uint32_t>(random.below(3));
    ReplicaOptions never;
    never.compaction.automatic = false;
    never.store.fold_changes = store::kFoldChangesMax;
    const std::string name = std::to_string(seed);
    auto folded = open_replica(folder.file("f" + name), seed, options);
    auto twin = open_replica(folder.file("t" + name), seed + 100, never);
    std::uint64_t folds = 0;
    for (int step = 0; step < 250; ++step) {
      Replica& writer = random.below(3) == 0 ? *twin : *folded;
      Replica& other = &writer == folded.get() ? *twin : *folded;
      const std::string object = "o" + std::to_string(random.below(2));
      const crdt::Path path{"t" + std::to_string(random.below(3))};
      const auto length =
          static_cast<std::uint32_t>(base::count_points(text_of(writer, object, path)));
      const auto place = static_cast<std::uint32_t>(random.below(length + 1));
      Input input = insert(object, path, place, random.below(2) == 0 ? "w\xC3\xA9" : "longer ");
      if (place < length && random.below(3) == 0) input = erase(object, path, place, 1);
      Outputs out = turn(writer, step, {std::move(input)});
      ASSERT_TRUE(out.replies.at(0).result.ok());
      turn(other, step, {received(out.facts.own)});
      if (random.below(6) == 0) folds += compact(*folded);
      if (random.below(4) == 0) folded->scrub(at(step));
      if (random.below(25) == 0) {
        folded.reset();
        folded = open_replica(folder.file("f" + name), seed + 200, options);
      }
    }

    EXPECT_GT(folds, 0u);
    EXPECT_EQ(twin->counts().folds, 0u);
    expect_equal(*folded, *twin);
    for (const std::string object : {"o0", "o1"}) {
      for (const std::string path : {"t0", "t1", "t2"}) {
        EXPECT_EQ(text_of(*folded, object, {path}), text_of(*twin, object, {path}));
      }
    }
  }
}

}  // namespace
}  // namespace agent
