#include <gtest/gtest.h>

#include <set>

#include "crdt/base/bytes.h"
#include "crdt/base/hash.h"
#include "crdt/base/random.h"
#include "crdt/base/result.h"
#include "crdt/base/strong.h"

namespace base {
namespace {

TEST(Bytes, HexIsItsOwnInverse) {
  Bytes every;
  for (int i = 0; i < 256; ++i) every.push_back(static_cast<char>(i));

  auto back = from_hex(to_hex(every));

  EXPECT_EQ(back, every);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(from_hex("abc"), std::nullopt);
}

TEST(Bytes, Utf8RefusesSurrogatesOverlongsAndTruncation) {
  EXPECT_TRUE(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xE2\x82"));
}

TEST(Bytes, BigEndianNumbersSortAsBytes) {
  Bytes small;
  Bytes large;
  append_be64(small, 255);
  append_be64(large, 256);

  EXPECT_LT(small, large);
  EXPECT_EQ(read_be64(large.data()), 256u);
}

TEST(Random, TheSameSeedGivesTheSameRun) {
  Random a = Random::from_number(7);
  Random z = Random::from_number(7);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(a.next(), z.next());
  // Golden: a change of the generator would silently change every recorded seed.
  EXPECT_EQ(Random::from_number(1).next(), 10597511851372368837u);
}

TEST(Random, BelowReachesEveryValueAndNoOther) {
  Random random = Random::from_number(1);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));

  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.rbegin(), 6u);
}

TEST(Result, ErrorsCarryCodeAndMessage) {
  auto fails = []() -> Result<int> { return Error{Code::kDiskFull, "write /x: disk full"}; };
  auto passes_on = [&]() -> Result<int> {
    ASSIGN_OR_RETURN(int value, fails());
    return value + 1;
  };

  auto result = passes_on();

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "write /x: disk full");
  EXPECT_EQ(code_info(result.error().code).http_status, 507);
}

TEST(Result, ReadingTheValueOfAnErrorAborts) {
  Result<int> result = invalid("no");
  EXPECT_DEATH((void)result.value(), "CHECK failed");
}

TEST(Hash, PurposeSeparatesEqualBytes) {
  EXPECT_NE(hash256("a", "x"), hash256("b", "x"));
  EXPECT_NE(row_checksum("x"), row_checksum("y"));
}

}  // namespace
}  // namespace base
