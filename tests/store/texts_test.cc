// Texts in the file: edits, folds, reopening, rollback, damage.

#include <gtest/gtest.h>

#include <filesystem>

#include "crdt/base/random.h"
#include "texts_fixture.h"

namespace store {
namespace {

using texts_test::kAlone;
using texts_test::kNote;
using texts_test::kOther;
using texts_test::TextsTest;

// With small blocks a text has many, and each edit loads some of them.
struct RandomTexts : TextsTest, testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(RunsOfABlock, RandomTexts, testing::Values(1, 1'024));

TEST_P(RandomTexts, RandomEditsAreThereAfterEveryReopening) {
  options.text_block_runs = GetParam();
  open();
  auto random = base::Random::from_number(5);
  std::map<crdt::Slot, crdt::Sequence> models;
  for (const crdt::Slot& slot : {kNote, kOther, kAlone}) models[slot];
  for (int round = 0; round < 400; ++round) {
    begin();
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
      auto& [slot, model] = *std::next(models.begin(), static_cast<long>(random.below(3)));
      if (model.size() > 0 && random.below(3) == 0) {
        const auto at = static_cast<std::uint32_t>(random.below(model.size()));
        const auto most = std::min<std::uint32_t>(model.size() - at, 20);
        cut(slot, model, at, 1 + static_cast<std::uint32_t>(random.below(most)));
      } else {
        const auto at = static_cast<std::uint32_t>(random.below(model.size() + 1));
        type(slot, model, at, random.below(9) == 0 ? std::string(3'000, 'x') : "w\xC3\xA9 ");
      }
    }
    commit();
    if (random.below(10) == 0) open();
    const bool looks = random.below(20) == 0;
    ASSERT_TRUE(!looks || store->verify().ok());
    for (auto& [slot, model] : models) ASSERT_EQ(shown(slot), model.text()) << round;
  }
  EXPECT_TRUE(store->verify().ok());
}

// A text that an operation of this turn began has no row yet.
TEST_F(TextsTest, TextsOfThisTurnAreVisitedToo) {
  const auto slot_of = [](const std::string& name) {
    return crdt::Slot{"notes", {"dir", name}, crdt::SlotType::kSeq};
  };
  crdt::Sequence b;
  begin();
  type(slot_of("b"), b, 0, "b");
  commit();
  crdt::Sequence a, c, other;
  begin();
  type(slot_of("c"), c, 0, "c");
  type(slot_of("a"), a, 0, "a");
  type({"notes", {"else"}, crdt::SlotType::kSeq}, other, 0, "x");
  type(slot_of("b"), b, 1, "b");

  std::vector<std::string> found;
  const auto* object = store->cells().object("notes", crdt::SlotType::kMap);
  ASSERT_TRUE(texts()
                  .visit(*object, {"dir"},
                         [&](const crdt::Slot& slot, const TextRow& row) {
                           found.push_back(slot.path.back() + std::to_string(row.elements));
                           return true;
                         })
                  .ok());

  EXPECT_EQ(found, (std::vector<std::string>{"a1", "b2", "c1"}));
  commit();
  EXPECT_TRUE(store->verify().ok());
}

// The removal of a map of many texts names the elements of all of them.
TEST_F(TextsTest, OfARemovalOfManyTextsEachKeepsItsOwnPart) {
  crdt::Sequence model;
  begin();
  type(kNote, model, 0, "abc");
  commit();
  crdt::DotRuns all{model.dots_of(0, 3)};
  for (std::uint64_t other = seq + 1; other < 20'000; ++other) {
    all.push_back({actor, other, static_cast<std::uint32_t>(other % 7), 2, 1});
  }
  ASSERT_TRUE(crdt::are_ordered(all));
  const auto log = std::filesystem::path(folder.file("a.db-wal"));
  const auto before = std::filesystem::file_size(log);

  begin();
  const auto erased = texts().erase(kNote, all);
  commit();

  ASSERT_TRUE(erased.ok());
  EXPECT_TRUE(*erased);
  EXPECT_EQ(shown(kNote), "");
  EXPECT_LT(std::filesystem::file_size(log) - before, 60'000u);
  open();
  EXPECT_EQ(shown(kNote), "");
}

TEST_F(TextsTest, ARollbackForgetsTheEditsOfItsTurn) {
  crdt::Sequence model;
  begin();
  type(kNote, model, 0, "abc");
  commit();
  crdt::Sequence lost = model;
  begin();
  type(kNote, lost, 1, "X");
  store->rollback();

  EXPECT_EQ(shown(kNote), "abc");
  EXPECT_TRUE(store->verify().ok());
  begin();
  type(kNote, model, 1, "Y");
  commit();
  EXPECT_EQ(shown(kNote), "aYbc");
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(TextsTest, AfterAFoldTheLettersAreReadWithoutSkeletons) {
  crdt::Sequence model;
  for (int i = 0; i < 5; ++i) {  // the fifth change folds
    begin();
    type(kNote, model, model.size(), "word ");
    commit();
  }
  ASSERT_TRUE((*texts().find(kNote))->folded());
  store.reset();
  sample::raw(folder.file("a.db"), "UPDATE blocks SET v=x'00' WHERE number=3");  // a skeleton
  open();

  EXPECT_EQ(shown(kNote), model.text());
  EXPECT_FALSE(texts().open(kNote).ok());
  EXPECT_EQ(store->verify().error().code, base::Code::kCorrupt);
}

TEST_F(TextsTest, FoldingOnDemandKeepsTheText) {
  crdt::Sequence model;
  begin();
  type(kNote, model, 0, "abc");
  commit();
  ASSERT_FALSE((*texts().find(kNote))->folded());

  begin();
  const auto folded = texts().fold(kNote);
  commit();

  ASSERT_TRUE(folded.ok() && folded->has_value());
  EXPECT_EQ((*folded)->changes, 1u);
  EXPECT_EQ(texts().counts().folded, 1u);
  EXPECT_TRUE((*texts().find(kNote))->folded());
  open();
  EXPECT_EQ(shown(kNote), "abc");
  begin();
  EXPECT_FALSE(texts().fold(kNote)->has_value());  // nothing is left to fold
  store->rollback();
}

// Runs steps until nothing is left. Returns the changes folded in each.
std::vector<std::uint32_t> fold_all(Store& store, const FoldLimits& limits,
                                    const std::optional<std::string>& only = std::nullopt) {
  std::vector<std::uint32_t> steps;
  Texts::FoldPlace place;
  if (only) place.object.first = *only;
  for (std::optional<Texts::FoldPlace> next = place; next;) {
    EXPECT_TRUE(store.begin(Durability::kNormal).ok());
    auto step = store.cells().texts().fold_from(*next, only, limits);
    EXPECT_TRUE(step.ok());
    EXPECT_TRUE(store.commit(Durability::kNormal).ok());
    if (!step.ok()) break;
    steps.push_back(0);
    for (const Texts::Folded& folded : step->folded) steps.back() += folded.changes;
    next = step->next;
  }
  return steps;
}

TEST_F(TextsTest, ACompactionFoldsAllTextsInBoundedSteps) {
  std::map<crdt::Slot, crdt::Sequence> models;
  for (int i = 0; i < 20; ++i) {
    models[{"notes" + std::to_string(i % 3), {"n" + std::to_string(i)}, crdt::SlotType::kSeq}];
  }
  for (auto& [slot, model] : models) {
    for (int edits = 0; edits < 2; ++edits) {
      begin();
      type(slot, model, 0, "abc");
      commit();
    }
  }
  ASSERT_EQ(texts().totals(), (TextTotals{20, 20, 40}));
  open();
  ASSERT_EQ(texts().totals(), (TextTotals{20, 20, 40}));

  FoldLimits limits;
  limits.rows = 3;
  limits.objects = 2;
  const auto first = fold_all(*store, limits, "notes1");
  EXPECT_EQ(first, (std::vector<std::uint32_t>{6, 6, 2}));
  EXPECT_EQ(texts().totals(), (TextTotals{20, 13, 26}));
  limits.rows = 1'000;
  limits.bytes = 1;
  for (const std::uint32_t changes : fold_all(*store, limits)) EXPECT_LE(changes, 2u);

  EXPECT_EQ(texts().totals(), (TextTotals{20, 0, 0}));
  EXPECT_EQ(texts().open_bytes(), 0u) << "what was opened to be folded is closed";
  EXPECT_TRUE(store->verify().ok());
  open();
  for (auto& [slot, model] : models) {
    EXPECT_TRUE((*texts().find(slot))->folded());
    EXPECT_EQ(shown(slot), model.text());
  }
}

TEST_F(TextsTest, AtRestATextIsLeftAloneWhileItIsEdited) {
  crdt::Sequence note;
  crdt::Sequence other;
  FoldLimits limits;
  limits.rest = 3;
  for (int i = 0; i < 5; ++i) texts().rest_tick();
  begin();
  type(kNote, note, 0, "abc");
  type(kOther, other, 0, "abc");
  commit();
  EXPECT_EQ(texts().rested(3), 0u);
  for (int i = 0; i < 2; ++i) texts().rest_tick();
  begin();
  type(kNote, note, 0, "x");
  commit();
  texts().rest_tick();

  EXPECT_EQ(texts().rested(3), 1u);
  fold_all(*store, limits);

  EXPECT_TRUE((*texts().find(kOther))->folded());
  EXPECT_FALSE((*texts().find(kNote))->folded());
  for (int i = 0; i < 3; ++i) texts().rest_tick();
  EXPECT_EQ(texts().rested(3), 1u);
  fold_all(*store, limits);
  EXPECT_EQ(texts().totals(), (TextTotals{2, 0, 0}));
  EXPECT_EQ(shown(kNote), note.text());
}

TEST_F(TextsTest, ARollbackOfACompactionLeavesTheEdits) {
  crdt::Sequence model;
  begin();
  type(kNote, model, 0, "abc");
  commit();
  begin();
  ASSERT_TRUE(texts().fold_from({}, std::nullopt, {}).ok());
  store->rollback();

  EXPECT_EQ(texts().totals(), (TextTotals{1, 1, 1}));
  EXPECT_FALSE((*texts().find(kNote))->folded());
  EXPECT_TRUE(store->verify().ok());
  EXPECT_EQ(shown(kNote), "abc");
}

TEST_F(TextsTest, EveryFoldAndEditIsOfTheCountThatAClientHasSet) {
  crdt::Sequence model;
  begin();
  store->meta().compaction = Compaction{true, 2};
  commit();
  for (int i = 0; i < 2; ++i) {
    begin();
    type(kNote, model, 0, "a");
    commit();
  }
  EXPECT_TRUE((*texts().find(kNote))->folded());
  open();
  EXPECT_EQ(store->meta().compaction, (Compaction{true, 2}));
  begin();
  store->meta().compaction.reset();
  commit();
  for (int i = 0; i < 4; ++i) {
    begin();
    type(kNote, model, 0, "a");
    commit();
  }
  EXPECT_FALSE((*texts().find(kNote))->folded());
}

TEST_F(TextsTest, AReaderSeesWhatIsCommitted) {
  crdt::Sequence model;
  begin();
  type(kNote, model, 0, "abc");
  commit();
  auto reader = Reader::open(folder.file("a.db"), options);
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->begin().ok());
  begin();
  type(kNote, model, 3, "def");
  commit();

  EXPECT_EQ(*(*reader)->cells().texts().shown(kNote), "abc");
  (*reader)->end();
  ASSERT_TRUE((*reader)->begin().ok());
  EXPECT_EQ(*(*reader)->cells().texts().shown(kNote), "abcdef");
  (*reader)->end();
}

TEST_F(TextsTest, TextsThatAreNotInUseAreClosed) {
  options.texts_open_bytes = 20'000;
  open();
  for (int i = 0; i < 50; ++i) {
    crdt::Sequence model;
    const crdt::Slot slot{"notes", {"n" + std::to_string(i)}, crdt::SlotType::kSeq};
    begin();
    type(slot, model, 0, std::string(2'000, 'a'));
    commit();
    EXPECT_LE(texts().open_bytes(), 20'000u);
  }
  EXPECT_GT(texts().counts().closed_for_room, 20u);
  EXPECT_EQ(texts().counts().loaded, 0u);
  ASSERT_TRUE(texts().open({"notes", {"n0"}, crdt::SlotType::kSeq}).ok());
  EXPECT_EQ(texts().counts().loaded, 1u);
  store->release_memory();
  EXPECT_EQ(texts().open_bytes(), 0u);
  EXPECT_TRUE(store->verify().ok());
}

// A short text takes much more memory than its letters.
TEST_F(TextsTest, ShortTextsAreClosedToo) {
  options.texts_open_bytes = 200'000;
  open();
  crdt::Sequence alone;
  begin();
  type(kNote, alone, 0, "hello");
  commit();
  EXPECT_GT(texts().open_bytes(), alone.bytes() + sizeof(crdt::Sequence));
  for (int turn = 0; turn < 10; ++turn) {
    begin();
    for (int i = 0; i < 100; ++i) {
      crdt::Sequence model;
      const std::string name = "n" + std::to_string(turn) + "-" + std::to_string(i);
      type({"notes", {name}, crdt::SlotType::kSeq}, model, 0, "hello");
    }
    commit();
    EXPECT_LE(texts().open_bytes(), 200'000u);
  }
  EXPECT_GT(texts().counts().closed_for_room, 700u);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(TextsTest, AVeryLargeInsertIsStored) {
  crdt::Sequence model;
  auto random = base::Random::from_number(1);
  std::string letters;
  while (letters.size() < (20u << 20)) letters += static_cast<char>('!' + random.below(90));
  begin();
  type(kNote, model, 0, letters);
  commit();
  begin();
  ASSERT_TRUE(texts().fold(kNote).ok());
  commit();

  open();
  EXPECT_EQ(shown(kNote), letters);
}

TEST_F(TextsTest, TextsAreVisitedInOrderBelowAPath) {
  begin();
  for (const std::vector<std::string>& path :
       std::vector<std::vector<std::string>>{{"b"}, {"b", "c"}, {"bc"}, {"a"}, {"b", "a", "z"}}) {
    crdt::Sequence model;
    type({"notes", path, crdt::SlotType::kSeq}, model, 0, "x");
  }
  commit();
  const ObjectInfo* object = store->cells().object("notes", crdt::SlotType::kMap);
  ASSERT_NE(object, nullptr);
  std::vector<std::vector<std::string>> seen;

  ASSERT_TRUE(texts()
                  .visit(*object, {"b"},
                         [&](const crdt::Slot& slot, const TextRow&) {
                           seen.push_back(slot.path);
                           return true;
                         })
                  .ok());

  EXPECT_EQ(seen, (std::vector<std::vector<std::string>>{{"b"}, {"b", "a", "z"}, {"b", "c"}}));
}

}  // namespace
}  // namespace store
