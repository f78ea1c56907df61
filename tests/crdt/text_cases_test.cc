// Known hard cases of texts (docs/testing.md, "Cases of the types"): what people typed and what all
// must read. The order of histories at random is in sequence_test.cc.

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "crdt/types/text_cursor.h"
#include "map_view.h"

namespace crdt {
namespace {

Op insert_behind(const Dot& element, std::string text) {
  Op op = insert({}, 0, std::move(text));
  std::get<TextInsert>(op.argument).after = element;
  return op;
}

Op erase_named(DotRuns elements) {
  Op op = erase({}, 0, 0);
  std::get<TextErase>(op.argument).elements = std::move(elements);
  return op;
}

struct TextCases : testing::Test {
  Site a{'a', "note"};
  Site b{'b', "note"};
  Site c{'c', "note"};
  // Everybody takes what the others have; then all read the same.
  void merge() {
    for (int round = 0; round < 2; ++round) {
      for (Site* to : {&a, &b, &c}) {
        for (Site* from : {&a, &b, &c}) to->take_all(from->log());
      }
    }
    for (Site* site : {&b, &c}) {
      EXPECT_EQ(site->value(), a.value());
      EXPECT_EQ(site->view().digest(), a.view().digest());
    }
  }
  // All have the text.
  void begin(const std::string& text) {
    a.must(insert({}, 0, text));
    merge();
  }
};

TEST_F(TextCases, ALetterThatTwoEraseIsErasedOnce) {
  begin("x");
  a.must(erase({}, 0, 1));
  b.must(erase({}, 0, 1));
  merge();
  EXPECT_EQ(a.value(), "\"\"");
  a.must(insert({}, 0, "y"));
  merge();
  EXPECT_EQ(b.value(), "\"y\"");
}

TEST_F(TextCases, TwoInsertsBetweenLettersThatAThirdErasesStayInTheirOrder) {
  begin("ab");
  b.must(insert({}, 1, "1"));
  c.must(insert({}, 1, "2"));
  a.must(erase({}, 0, 2));
  merge();
  EXPECT_EQ(a.value(), "\"12\"");
}

TEST_F(TextCases, WhatGoesOnAWordStaysWithItsWord) {
  begin("[]");
  b.must(insert({}, 1, "bb"));
  c.must(insert({}, 1, "cc"));
  b.must(insert({}, 3, "B"));
  merge();
  EXPECT_EQ(a.value(), "\"[bbBcc]\"");
}

TEST_F(TextCases, AnInsertAfterAMergeStandsWhereItsAuthorSawIt) {
  begin("ac");
  b.must(insert({}, 1, "b"));
  c.must(insert({}, 1, "X"));
  b.take_all(c.log());
  ASSERT_EQ(b.value(), "\"abXc\"");
  b.must(insert({}, 2, "-"));
  merge();
  EXPECT_EQ(a.value(), "\"ab-Xc\"");
}

TEST_F(TextCases, AWordWithLettersBeforeAndBehindStaysInOne) {
  a.must(insert({}, 0, "a"));
  b.must(insert({}, 0, "b"));
  a.must(insert({}, 0, "1"));
  a.must(insert({}, 2, "2"));
  b.must(insert({}, 0, "3"));
  b.must(insert({}, 2, "4"));
  merge();
  EXPECT_EQ(a.value(), "\"1a23b4\"");
}

// The erase comes first. It waits for the insert, also when another change of its author is there.
TEST_F(TextCases, AnEraseWaitsForTheLettersThatItErases) {
  const Sent typed = a.must(insert({}, 0, "abc"));
  b.take_all(a.log());
  const Sent before = b.must(insert({}, 3, "!"));
  const Sent erased = b.must(erase({}, 0, 2));
  EXPECT_FALSE(c.take(before));
  EXPECT_FALSE(c.take(erased));
  EXPECT_EQ(c.value(), "-");
  EXPECT_TRUE(c.take(typed));
  EXPECT_FALSE(c.take(erased));  // its predecessor is still missing
  EXPECT_TRUE(c.take(before));
  EXPECT_TRUE(c.take(erased));
  EXPECT_TRUE(c.take(typed));  // again: nothing comes back
  EXPECT_EQ(c.value(), "\"c!\"");
  merge();
}

// Every code point is one element: no edit can name half of one.
TEST_F(TextCases, AnEditNamesWholeCodePoints) {
  begin("h\xC3\xA9\xF0\x9F\x98\x80o");
  b.must(erase({}, 2, 1));
  c.must(insert({}, 3, "\xE2\x82\xAC"));
  merge();
  EXPECT_EQ(a.value(), "\"h\xC3\xA9\xE2\x82\xACo\"");
  const auto refused = a.write({insert({}, 0, "\xF0\x9F")});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::kInvalid);
}

// A place in a text is named by an element. It is the same place for everybody, also when the
// element is erased by then: behind the nearest shown letter before it.
TEST_F(TextCases, APlaceBehindAnErasedElementIsTheSameForAll) {
  const Dot x = a.must(insert({}, 0, "abcdef")).change.main_dot();
  merge();
  const Dot d{x.actor, x.seq, 3};
  a.must(erase({}, 1, 4));  // "af"
  b.must(insert({}, 4, "+"));
  c.must(insert_behind(d, "X"));
  merge();
  EXPECT_EQ(a.value(), "\"a+Xf\"");

  a.must(erase({}, 1, 2));
  merge();
  EXPECT_EQ(b.value(), "\"af\"");
  b.must(insert_behind(d, "Y"));
  merge();
  EXPECT_EQ(a.value(), "\"aYf\"");
}

TEST_F(TextCases, APlaceBehindTheLastElementIsTheEndOfWhatFollowsIt) {
  const Dot first = a.must(insert({}, 0, "ab")).change.main_dot();
  const Dot last{first.actor, first.seq, 1};
  merge();
  a.must(erase({}, 0, 2));
  merge();
  ASSERT_EQ(c.value(), "\"\"");
  b.must(insert_behind(last, "end"));
  c.must(insert_behind(first, "begin "));
  merge();
  EXPECT_EQ(a.value(), "\"begin end\"");
}

// --- Erasing elements by their names

TEST_F(TextCases, AnEraseByNamesTakesWhatItsAuthorSawAndNothingElse) {
  begin("abcdef");
  const ActorId author = a.actor();
  b.must(insert({}, 3, "X"));  // between the letters that are named

  b.must(erase_named({{author, 1, 2, 2}}));
  merge();

  EXPECT_EQ(a.value(), "\"abXef\"");
}

TEST_F(TextCases, ElementsThatAreErasedAlreadyCostNothing) {
  begin("abc");
  b.must(erase({}, 1, 1));

  const Sent rest = b.must(erase_named({{a.actor(), 1, 0, 3}}));
  EXPECT_EQ(b.value(), "\"\"");
  EXPECT_EQ(rest.change.effects.at(0).kills.size(), 2u);
  EXPECT_EQ(b.write({erase_named({{a.actor(), 1, 0, 3}})}).value(), std::nullopt);
}

TEST_F(TextCases, AnElementThatTheTextLacksIsRefusedAndNamed) {
  begin("abc");
  for (const DotRun& run : {DotRun{a.actor(), 1, 1, 3}, DotRun{a.actor(), 1, 3, 1},
                            DotRun{b.actor(), 1, 0, 1}, DotRun{a.actor(), 1, 0, 3, 2}}) {
    auto written = b.write({erase_named({run})});

    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, base::Code::kUnprocessable);
    Dot lacking{run.actor, run.seq, run.index};
    if (run.changes == 2)
      lacking.seq = 2;
    else if (run.actor == a.actor())
      lacking.index = 3;
    EXPECT_NE(written.error().message.find(lacking.text()), std::string::npos)
        << written.error().message;
  }
  EXPECT_EQ(b.value(), "\"abc\"");
  EXPECT_FALSE(c.write({erase_named({{a.actor(), 1, 0, 1}}), insert({}, 9, "x")}).ok());
}

// The same edits on two replicas: one names positions, the other the elements that stand there.
TEST_F(TextCases, NamesAndPositionsEraseTheSame) {
  base::Random random = base::Random::from_number(11);
  Site by_position{'a', "note"};
  Site by_name{'a', "note"};
  std::uint32_t size = 0;
  for (int step = 0; step < 600; ++step) {
    if (size == 0 || random.chance(2)) {
      const std::string typed(1 + random.below(4), static_cast<char>('a' + step % 26));
      const auto at = static_cast<std::uint32_t>(random.below(size + 1));
      by_position.must(insert({}, at, typed));
      by_name.must(insert({}, at, typed));
      size += static_cast<std::uint32_t>(typed.size());
      continue;
    }
    const auto at = static_cast<std::uint32_t>(random.below(size));
    const auto length = static_cast<std::uint32_t>(1 + random.below(std::min(size - at, 5u)));
    std::vector<Dot> named;
    for (std::uint32_t i = 1; i <= length; ++i) {
      named.push_back(
          *cursor_at(by_name.view(), {}, at + i, TextUnit::kCodePoint).value().value().after);
    }
    by_position.must(erase({}, at, length));
    by_name.must(erase_named(runs_of(named)));
    size -= length;
    ASSERT_EQ(by_name.value(), by_position.value());
  }
  EXPECT_EQ(by_name.view().digest(), by_position.view().digest());
}

}  // namespace
}  // namespace crdt
