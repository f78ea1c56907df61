#include "agent/api/query.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "tests/crdt/members_of.h"

namespace agent {
namespace {

using crdt::samples::members_of;

bool matches(std::string_view q, std::string_view id, std::string_view json) {
  auto query = Query::parse(q);
  EXPECT_TRUE(query.ok()) << q << ": " << query.error().message;
  return query.ok() && query->matches(id, members_of(json));
}

bool holds(std::string_view q, std::string_view json) { return matches(q, "snap1", json); }

TEST(Query, NothingAskedMatchesEverything) {
  EXPECT_TRUE(holds("", "{}"));
  EXPECT_TRUE(holds("   ", "{}"));
  EXPECT_TRUE(Query::parse("  ")->matches_all());
}

TEST(Query, AWordIsContainedInTheIdOrAnyStringValue) {
  EXPECT_TRUE(matches("nap", "snap1", "{}"));
  EXPECT_TRUE(matches("disk", "x", R"({"a":"my disk"})"));
  EXPECT_TRUE(matches("disk", "x", R"({"a":{"b":[1,["disks"]]}})"));
  EXPECT_FALSE(matches("disk", "x", R"({"a":"tape"})"));
}

TEST(Query, AWordIsCaseSensitive) { EXPECT_FALSE(matches("Snap", "snap1", R"({"a":"snap"})")); }

TEST(Query, KeysAndOtherValuesAreNotSearched) {
  EXPECT_FALSE(matches("disk", "x", R"({"disk":1,"o":{"disk":2}})"));
  EXPECT_FALSE(matches("42", "x", R"({"a":42})"));
  EXPECT_FALSE(matches("true", "x", R"({"a":true})"));
}

TEST(Query, AWordIsSearchedInTheTextNotInItsEscapes) {
  EXPECT_TRUE(matches("caf\xC3\xA9", "x", R"({"a":"caf\u00e9 \"x\""})"));
  EXPECT_TRUE(matches(R"("say \"hi\"")", "x", R"({"a":"I say \"hi\" to you"})"));
  EXPECT_FALSE(matches("u00e9", "x", R"({"a":"caf\u00e9"})"));
  EXPECT_TRUE(matches("end", "x", R"({"a":"back\\","b":"end"})"));
}

TEST(Query, AQuotedWordMayHoldSpacesAndOperators) {
  EXPECT_TRUE(holds(R"("two words")", R"({"a":"just two words here"})"));
  EXPECT_FALSE(holds(R"("two words")", R"({"a":"two","b":"words"})"));
  EXPECT_TRUE(holds(R"("a=b")", R"({"x":"a=b"})"));
}

TEST(Query, BackslashesOutsideTheTwoEscapesStandForThemselves) {
  EXPECT_TRUE(holds(R"(path="C:\dir")", R"({"path":"C:\\dir"})"));
  EXPECT_TRUE(holds(R"(path="a\\b")", R"({"path":"a\\b"})"));
}

TEST(Query, AllTermsMustHold) {
  EXPECT_TRUE(holds("snap size>5  state=ok", R"({"size":6,"state":"ok"})"));
  EXPECT_FALSE(holds("snap size>5 state=ok", R"({"size":6,"state":"bad"})"));
}

TEST(Query, TwoNumbersAreComparedAsNumbers) {
  EXPECT_TRUE(holds("n>9", R"({"n":10})"));
  EXPECT_FALSE(holds("n<9", R"({"n":10})"));
  EXPECT_TRUE(holds("n=10", R"({"n":1.0e1})"));
  EXPECT_FALSE(holds("n!=10", R"({"n":10.00})"));
  EXPECT_TRUE(holds("n<=10", R"({"n":10})"));
  EXPECT_TRUE(holds("n>=-1", R"({"n":-0.5})"));
  EXPECT_TRUE(holds("n>9007199254740992", R"({"n":9007199254740993})"));
  EXPECT_FALSE(holds("n=0.30000000000000004", R"({"n":0.3})"));
}

TEST(Query, OtherwiseStringsAreComparedByCodePoint) {
  EXPECT_TRUE(holds("v<b", R"({"v":"a"})"));
  EXPECT_TRUE(holds("v>Z", R"({"v":"a"})"));
  EXPECT_TRUE(holds("v>9", R"({"v":"abc"})"));
  EXPECT_TRUE(holds("v<9", R"({"v":"10"})")) << "a JSON string is not a number";
  EXPECT_TRUE(holds(R"(v<"9")", R"({"v":10})")) << "neither is a quoted value";
  EXPECT_TRUE(holds("v>\xEF\xBF\xBD", "{\"v\":\"\xF0\x9F\x98\x80\"}"))
      << "U+1F600 is above U+FFFD, though not in UTF-16";
  EXPECT_TRUE(holds("v=caf\xC3\xA9", R"({"v":"caf\u00e9"})"));
}

TEST(Query, OtherValuesAreComparedAsTheirJson) {
  EXPECT_TRUE(holds("v=true", R"({"v":true})"));
  EXPECT_TRUE(holds("v=null", R"({"v":null})"));
  EXPECT_TRUE(holds("v=[1,2]", R"({"v":[1, 2]})"));
  EXPECT_FALSE(holds("v!=null", R"({"v":null})"));
}

TEST(Query, AMissingFieldSatisfiesOnlyUnequal) {
  for (const char* q : {"no=1", "no<1", "no<=1", "no>1", "no>=1", "no=null", R"(no="")"}) {
    EXPECT_FALSE(holds(q, R"({"a":1})")) << q;
  }
  EXPECT_TRUE(holds("no!=1", R"({"a":1})"));
  EXPECT_TRUE(holds("a.b!=1", R"({"a":1})"));
}

TEST(Query, AFieldMayBeADottedPath) {
  EXPECT_TRUE(holds("a.b.c=1", R"({"a":{"b":{"c":1}}})"));
  EXPECT_FALSE(holds("a.b.c=2", R"({"a":{"b":{"c":1}}})"));
  EXPECT_TRUE(holds("a.b=1", R"({"a.b":1})")) << "a key may hold the dot itself";
  EXPECT_TRUE(holds("a.b.c=1", R"({"a":{"b.c":1}})"));
  EXPECT_TRUE(holds("a.b.c=1", R"({"a.b":{"x":0},"a":{"b":{"c":1}}})"));
  EXPECT_TRUE(holds(".a=1", R"({".a":1})"));
}

TEST(Query, AValueMayBeQuotedOrEmpty) {
  EXPECT_TRUE(holds(R"(name="my disk" size=1)", R"({"name":"my disk","size":1})"));
  EXPECT_TRUE(holds(R"(name="")", R"({"name":""})"));
  EXPECT_TRUE(holds(R"(name="a\"b")", R"({"name":"a\"b"})"));
  EXPECT_TRUE(holds(R"(name="=x")", R"({"name":"=x"})"));
}

TEST(Query, TheFirstOperatorSplits) {
  EXPECT_TRUE(holds("url=http://h?a=b", R"({"url":"http://h?a=b"})"));
  EXPECT_TRUE(holds("note=wow!", R"({"note":"wow!"})"));
  EXPECT_TRUE(holds("wow!", R"({"note":"wow!"})")) << "! alone is no operator";
  EXPECT_TRUE(holds("1+1", R"({"note":"1+1"})"));
}

TEST(Query, AMalformedTermIsRefusedAndNamed) {
  for (const char* q : {"=1", "!=1", "<", "a=", "a>=", "a==b", "a=<b", "a<>b", "\"open", "a=\"open",
                        "\"a\"b", "a=\"b\"c", "a\"b", "a=b\"c", "\"a\"=1", "\"", "ok a="}) {
    auto query = Query::parse(q);
    ASSERT_FALSE(query.ok()) << q;
    EXPECT_EQ(query.error().code, base::Code::kInvalid);
    EXPECT_NE(query.error().message.find("malformed term"), std::string::npos);
  }
}

// For the sanitizers: any text is accepted or refused, and nothing is read past its end.
TEST(Query, AnyTextIsParsedOrRefused) {
  base::Random random = base::Random::from_number(1);
  const std::string letters = "ab.\"\\=<>! 1-e{";
  crdt::Members some = members_of(R"({"a":"b\\\"a","b":{"a":[1,{"b":"\u0041"}],"a.b":-1e5},)"
                                  R"("a.b":1,"":"","1":"\\"})");
  std::size_t parsed = 0;
  std::size_t matched = 0;

  for (int round = 0; round < 100'000; ++round) {
    std::string q;
    for (std::uint64_t length = random.below(12); length > 0; --length) q += random.pick(letters);
    auto query = Query::parse(q);
    parsed += query.ok() ? 1 : 0;
    matched += query.ok() && query->matches("id", some) ? 1 : 0;
  }

  EXPECT_GT(parsed, 10'000u);
  EXPECT_GT(matched, 1'000u);
}

}  // namespace
}  // namespace agent
