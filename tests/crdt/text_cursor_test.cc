// Places in a text: positions in UTF-16, and cursors that stay while others edit.

#include "crdt/types/text_cursor.h"

#include <gtest/gtest.h>

#include "crdt/base/bytes.h"
#include "crdt/base/random.h"
#include "map_view.h"

namespace crdt {
namespace {

using base::Code;

ActorId actor_named(char name) {
  ActorId actor;
  actor.bytes[0] = static_cast<unsigned char>(name);
  return actor;
}

// --- UTF-16 --------------------------------------------------------------------------------------

// The same, by walking over the whole text.
struct NaiveUnits {
  explicit NaiveUnits(std::string_view text) {
    std::uint32_t unit = 0;
    for (char byte : text) {
      if (base::is_continuation(byte)) continue;
      unit_of.push_back(unit);
      unit += static_cast<unsigned char>(byte) >= 0xF0 ? 2 : 1;
    }
    unit_of.push_back(unit);
  }
  std::vector<std::uint32_t> unit_of;  // of each position, the end too
};

void expect_units_like_the_naive(const Sequence& text) {
  const NaiveUnits naive(text.text());
  ASSERT_EQ(text.units(), naive.unit_of.back());
  ASSERT_EQ(text.size() + 1, naive.unit_of.size());
  std::uint32_t position = 0;
  for (std::uint32_t unit = 0; unit <= text.units(); ++unit) {
    if (naive.unit_of[position] < unit) ++position;
    const bool inside = naive.unit_of[position] != unit;
    ASSERT_EQ(text.position_of_unit(unit), inside ? std::nullopt : std::optional(position)) << unit;
    if (inside) continue;
    ASSERT_EQ(text.unit_of(position), unit);
  }
}

TEST(Utf16, OffsetsAndPositionsAgreeWithAWalkOverTheText) {
  base::Random random = base::Random::from_number(16);
  const std::vector<std::string> letters = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                            "\xEF\xBF\xBD"};
  Sequence text;
  std::uint64_t seq = 0;
  for (int step = 0; step < 1'500; ++step) {
    if (text.size() > 20 && random.below(4) == 0) {
      const auto at = static_cast<std::uint32_t>(random.below(text.size() - 9));
      text.erase(at, static_cast<std::uint32_t>(1 + random.below(9)));
    } else {
      std::string typed;
      for (std::uint64_t left = 1 + random.below(12); left > 0; --left) {
        typed += letters[random.below(letters.size())];
      }
      const auto at = static_cast<std::uint32_t>(random.below(text.size() + 1));
      text.insert(at, {actor_named('a'), ++seq, 0}, typed);
    }
    if (step % 100 == 0) expect_units_like_the_naive(text);
  }
  text.check();
  ASSERT_GT(text.units(), text.size() + 500);
  expect_units_like_the_naive(text);
}

TEST(Utf16, ATextWithoutSurrogatesHasTheSameOffsetsAndPositions) {
  Sequence text;
  text.insert(0, {actor_named('a'), 1, 0}, "h\xC3\xA9 \xE2\x82\xAC");
  expect_units_like_the_naive(text);
  EXPECT_EQ(text.units(), text.size());
  expect_units_like_the_naive(Sequence());
}

// --- Edits and cursors of an object --------------------------------------------------------------

struct Cursors : testing::Test {
  Site a{'a', "note"};
  Site z{'z', "note"};
  static Op insert16(std::uint32_t at, std::string text) {
    return {{}, Verb::kInsert, TextInsert{at, {}, std::move(text), TextUnit::kUtf16}, {}, {}};
  }
  static Op erase16(std::uint32_t at, std::uint32_t length) {
    return {{}, Verb::kErase, TextErase{at, length, TextUnit::kUtf16}, {}, {}};
  }
  static std::string refused(Site& site, const Op& op) {
    auto written = site.write({op});
    EXPECT_FALSE(written.ok());
    if (written.ok()) return "";
    EXPECT_EQ(written.error().code, Code::kUnprocessable);
    return written.error().message;
  }
  static TextCursor at(Site& site, std::uint32_t position, TextUnit unit = TextUnit::kCodePoint) {
    return cursor_at(site.view(), {}, position, unit).value().value();
  }
  static std::uint32_t found(Site& site, const TextCursor& cursor,
                             TextUnit unit = TextUnit::kCodePoint) {
    return cursor_behind(site.view(), {}, cursor.after, unit).value().value().at;
  }
};

TEST_F(Cursors, EditsTakePositionsInUtf16) {
  a.must(insert16(0, "a\xF0\x9F\x98\x80z"));
  a.must(insert16(3, "-"));
  EXPECT_EQ(a.value(), "\"a\xF0\x9F\x98\x80-z\"");
  a.must(erase16(1, 2));
  EXPECT_EQ(a.value(), "\"a-z\"");
}

TEST_F(Cursors, APositionInsideASurrogatePairIsRefused) {
  a.must(insert16(0, "a\xF0\x9F\x98\x80z"));

  EXPECT_NE(refused(a, insert16(2, "x")).find("surrogate pair"), std::string::npos);
  EXPECT_NE(refused(a, erase16(2, 1)).find("surrogate pair"), std::string::npos);
  EXPECT_NE(refused(a, erase16(0, 2)).find("surrogate pair"), std::string::npos);
  EXPECT_NE(refused(a, insert16(5, "x")).find("4 UTF-16 units"), std::string::npos);
  EXPECT_NE(refused(a, erase16(1, UINT32_MAX)).find("4 UTF-16 units"), std::string::npos);
  EXPECT_EQ(a.value(), "\"a\xF0\x9F\x98\x80z\"");
}

TEST_F(Cursors, ACursorStaysAtItsElementOnEveryReplica) {
  z.take(a.must(insert16(0, "abcdef")));
  const TextCursor cursor = at(a, 3);
  EXPECT_EQ(cursor.size, 6u);

  const Sent mine = a.must(insert16(0, "1\xF0\x9F\x98\x80"));
  const Sent theirs = z.must(erase16(1, 1));
  a.take(theirs);
  z.take(mine);

  for (Site* site : {&a, &z}) {
    EXPECT_EQ(site->value(),
              "\"1\xF0\x9F\x98\x80"
              "acdef\"");
    EXPECT_EQ(found(*site, cursor), 4u);
    EXPECT_EQ(found(*site, cursor, TextUnit::kUtf16), 5u);
  }
}

TEST_F(Cursors, ACursorKeepsItsPlaceWhenItsElementIsErased) {
  z.take(a.must(insert16(0, "abcdef")));
  const TextCursor cursor = at(a, 3);

  z.take(a.must(erase16(1, 4)));
  EXPECT_EQ(a.value(), "\"af\"");
  EXPECT_EQ(found(a, cursor), 1u);
  EXPECT_EQ(found(z, cursor), 1u);
  z.take(a.must(insert16(0, "xy")));
  EXPECT_EQ(found(z, cursor), 3u);
  z.take(a.must(erase16(0, 4)));
  EXPECT_EQ(found(a, cursor), 0u);
  EXPECT_EQ(found(z, cursor), 0u);
}

// What is typed at the end while the cursor stands there comes behind it.
TEST_F(Cursors, ACursorAtTheEndStaysBehindItsElement) {
  z.take(a.must(insert16(0, "abc")));
  const TextCursor end = at(a, 3);
  const TextCursor start = at(a, 0);
  EXPECT_FALSE(start.after.has_value());

  a.take(z.must(insert16(3, "more")));
  a.take(z.must(insert16(0, "first")));

  EXPECT_EQ(found(a, end), 8u);
  EXPECT_EQ(found(a, start), 0u);
}

TEST_F(Cursors, WhatIsNotThereIsAnError) {
  EXPECT_FALSE(cursor_at(a.view(), {}, 0, TextUnit::kCodePoint).value().has_value());
  a.must(insert16(0, "abc"));

  EXPECT_EQ(cursor_at(a.view(), {}, 4, TextUnit::kCodePoint).error().code, Code::kUnprocessable);
  EXPECT_EQ(cursor_behind(a.view(), {}, Dot{a.actor(), 9, 0}, TextUnit::kCodePoint).error().code,
            Code::kUnprocessable);
  a.must(erase16(0, 3));
  EXPECT_EQ(at(a, 0).size, 0u);  // an empty text is there
  a.must({{}, Verb::kUnset, {}, {}, {}});
  EXPECT_FALSE(cursor_at(a.view(), {}, 0, TextUnit::kCodePoint).value().has_value());
}

}  // namespace
}  // namespace crdt
