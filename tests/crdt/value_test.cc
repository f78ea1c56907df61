#include "crdt/value.h"
#include "crdt/minified.h"
#include "no_json.h"

#include <gtest/gtest.h>

namespace crdt {
namespace {

std::string minified(std::string_view text) {
  auto result = minify_json(text);
  return result.ok() ? *result : "error: " + result.error().message;
}
bool refused(std::string_view text) { return !minify_json(text).ok(); }

std::string nested(int depth) {
  auto n = static_cast<std::size_t>(depth);
  return std::string(n, '[') + std::string(n, ']');
}

TEST(Value, BlanksGoOutsideStringsOnly) {
  EXPECT_EQ(minified(" \t\r\n{ \"a b\" : [ 1 , 2 ] , \"c\" : { } , \"d\":[ ] } \n"),
            "{\"a b\":[1,2],\"c\":{},\"d\":[]}");
  EXPECT_EQ(minified("\" \\t x \""), "\" \\t x \"");
}

TEST(Value, NumbersKeysAndEscapesStayAsSpelled) {
  for (std::string text :
       {"1.0", "-0", "1E+5", "0.10", "123456789012345678901234567890", "1e999999999999999999999",
        "-0.0e-00", "{\"b\":1,\"a\":2}", "\"\\u0041\\/\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"",
        "true", "false", "null", "\"\"", "[[],{},\"\"]", "\"\\u0000\""}) {
    EXPECT_EQ(minified(text), text);
  }
}

TEST(Value, WhatTheGrammarDoesNotHaveIsRefused) {
  for (std::string_view bad : {
           "",
           " ",
           "nul",
           "nulll",
           "True",
           "TRUE",
           "nan",
           "NaN",
           "Infinity",
           "-Infinity",
           "-",
           "+1",
           "01",
           "-01",
           "00",
           "1.",
           ".1",
           "1.e1",
           "1e",
           "1e+",
           "1E-",
           "0x10",
           "1_000",
           "1 2",
           "--1",
           "1..2",
           "1e1.5",
           "[",
           "]",
           "[1",
           "[1,",
           "[1,]",
           "[,1]",
           "[1 2]",
           "[1,,2]",
           "[1}",
           "{",
           "}",
           "{\"a\"",
           "{\"a\":",
           "{\"a\":1",
           "{\"a\":1,",
           "{\"a\":1,}",
           "{,}",
           "{a:1}",
           "{'a':1}",
           "{\"a\" 1}",
           "{\"a\":1 \"b\":2}",
           "{1:2}",
           "{null:1}",
           "{\"a\":1]",
           "{\"a\"}",
           "'a'",
           "\"",
           "\"a",
           "\"\\\"",
           "\"\\x\"",
           "\"\\u12\"",
           "\"\\u12G4\"",
           "\"\\U0041\"",
           "\"a\nb\"",
           "\"a\tb\"",
           "\"\x1F\"",
           "// c\n1",
           "/* c */1",
           "1//",
           "\xEF\xBB\xBF"
           "1",
           "1\f",
           "\v1",
           "[1]]",
           "{}{}",
           "true false",
           "\"a\"\"b\"",
           "undefined",
           "\xC2\xA0"
           "1",
           "\"\\\n\"",
           "tru",
           "t",
           "-a",
           "1a",
           "\"a\"b",
       }) {
    EXPECT_TRUE(refused(bad)) << bad;
  }
  EXPECT_TRUE(refused(std::string_view("1\0", 2)));
  EXPECT_TRUE(refused(std::string_view("\0", 1)));
  EXPECT_TRUE(refused(std::string_view("\"a\0b\"", 5)));
  EXPECT_TRUE(refused(std::string_view("\"\\\0\"", 4)));
}

TEST(Value, InvalidUtf8IsRefused) {
  for (std::string_view bad : {"\"\x80\"", "\"\xC3\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"",
                               "\"\xF4\x90\x80\x80\"", "\"\xF0\x80\x80\x80\"", "\"\xE2\x82\"",
                               "\"\xFF\"", "\"\xC3\\u0041\"", "{\"\xC3\":1}", "\xC3\xA9"}) {
    EXPECT_TRUE(refused(bad)) << bad;
  }
}

TEST(Value, LoneSurrogateEscapesAreRefused) {
  for (std::string_view bad :
       {"\"\\ud83d\"", "\"\\ude00\"", "\"\\ude00\\ud83d\"", "\"\\ud83d\\ud83d\"", "\"\\ud83dx\"",
        "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"", "\"\\uD83D\\u\"", "{\"\\udfff\":1}"}) {
    EXPECT_TRUE(refused(bad)) << bad;
  }
  EXPECT_FALSE(refused("\"\\uD83D\\uDE00\""));
  EXPECT_FALSE(refused("\"\\uE000\\uD7FF\""));
}

TEST(Value, DuplicateKeysAreComparedAfterUnescaping) {
  EXPECT_TRUE(refused("{\"a\":1,\"a\":2}"));
  EXPECT_TRUE(refused("{\"a\":1,\"b\":2,\"\\u0061\":3}"));
  EXPECT_TRUE(refused("{\"\\/\":1,\"/\":2}"));
  EXPECT_TRUE(refused("{\"\":1,\"\":2}"));
  EXPECT_TRUE(refused("[{\"x\":{\"a\":1,\"a\":1}}]"));
  EXPECT_TRUE(refused("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}"));
  EXPECT_FALSE(refused("{\"a\":{\"a\":{\"a\":1}}}"));
  EXPECT_FALSE(refused("{\"a\":1,\"A\":2,\"a \":3,\"\\u0000\":4,\"\":5}"));
}

TEST(Value, DepthIsBounded) {
  EXPECT_FALSE(refused(nested(kValueDepthMax)));
  EXPECT_TRUE(refused(nested(kValueDepthMax + 1)));
  std::string wide = "[" + nested(kValueDepthMax - 1) + "," + nested(kValueDepthMax - 1) + "]";
  EXPECT_FALSE(refused(wide));
  EXPECT_TRUE(refused(std::string(5'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_TRUE(refused(objects));
}

TEST(Value, TheBoundIsOnTheMinifiedText) {
  EXPECT_TRUE(minify_json("[ 1 , 2 ]", 5).ok());
  auto over = minify_json("[1,23]", 5);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, base::Code::kTooLarge);
  std::string full = "\"" + std::string(kValueBytesMax - 2, 'x') + "\"";
  EXPECT_TRUE(minify_json(full).ok());
  EXPECT_FALSE(minify_json("\"x" + full.substr(1)).ok());
  EXPECT_FALSE(minify_json("1", 0).ok());
}

TEST(Value, ErrorsNameTheByte) {
  auto message = [](std::string_view text) { return minify_json(text).error().message; };

  EXPECT_NE(message("[1,x]").find("byte 3"), std::string::npos);
  EXPECT_NE(message("{\"a\":1,}").find("byte 7"), std::string::npos);
  EXPECT_NE(message("[{\"a\":1,\"a\":2}]").find("byte 1"), std::string::npos);
  EXPECT_NE(message("1 2").find("byte 2"), std::string::npos);
  EXPECT_NE(message("\"ab").find("byte 3"), std::string::npos);
}

TEST(Value, MembersComeUnescapedAndInOrder) {
  auto members = object_members("{\"b\":{\"x\":[1,\"]\"]},\"\\u0061\":\"}\\\"\",\"c\":-1e5}");

  ASSERT_TRUE(members.ok());
  EXPECT_EQ(*members, (Members{{"b", "{\"x\":[1,\"]\"]}"}, {"a", "\"}\\\"\""}, {"c", "-1e5"}}));
  EXPECT_EQ(object_members("{}")->size(), 0u);
  EXPECT_FALSE(object_members("[1]").ok());
  EXPECT_FALSE(object_members("null").ok());
  EXPECT_FALSE(object_members("").ok());
}

TEST(Value, AnObjectIsParsedInOnePass) {
  auto parsed =
      parse_object(" { \"b\" : {\"x\": [1, \"]\"] },\n\"\\u0061\":\"}\\\"\", \"c\":-1e5 } ");

  ASSERT_TRUE(parsed.ok());
  ASSERT_TRUE(parsed->has_value());
  EXPECT_EQ(**parsed, (Members{{"b", "{\"x\":[1,\"]\"]}"}, {"a", "\"}\\\"\""}, {"c", "-1e5"}}));
  EXPECT_EQ(parse_object("{}").value(), Members());
  for (std::string_view other : {"[{\"a\":1}]", "null", "\"{}\"", "1"}) {
    EXPECT_EQ(parse_object(other).value(), std::nullopt) << other;
  }
}

TEST(Value, AParsedObjectHasValuesAsSpelledAndNamesAsMeant) {
  EXPECT_EQ(
      parse_object(R"({"":-0,"b":[1,{"x":"]}"}],"c":"a\"b,\\","d":null})").value(),
      (Members{{"", "-0"}, {"b", R"([1,{"x":"]}"}])"}, {"c", R"("a\"b,\\")"}, {"d", "null"}}));
  EXPECT_EQ(parse_object(R"({"\u0041\/\n\"":1,"\u00df":2,"\u65e5":3,"\ud83e\udd8A":4})").value(),
            (Members{{"A/\n\"", "1"}, {"ß", "2"}, {"日", "3"}, {"🦊", "4"}}));
}

TEST(Value, AnObjectIsRefusedLikeAnyOtherText) {
  for (std::string_view bad :
       {"", " ", "{", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":{\"b\":1,\"b\":2}}",
        "{\"a\":1,\"\\u0061\":2}", "{\"a\":[1,x]}", "{\"\xff\":1}", "[1"}) {
    auto parsed = parse_object(bad);

    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, base::Code::kInvalid) << bad;
    EXPECT_EQ(parsed.error().message, minify_json(bad).error().message) << bad;
  }
  EXPECT_TRUE(parse_object("{ \"a\" : 1 }", 7).ok());
  auto over = parse_object("{\"a\":12}", 7);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, base::Code::kTooLarge);
}

TEST(Value, ElementsComeAsTexts) {
  EXPECT_EQ(*array_elements("[1,\"a,b]\",[],{\"k\":[2]},null]"),
            (std::vector<std::string>{"1", "\"a,b]\"", "[]", "{\"k\":[2]}", "null"}));
  EXPECT_TRUE(array_elements("[]")->empty());
  EXPECT_FALSE(array_elements("{}").ok());
}

TEST(Value, QuotingEscapesWhatJsonDemandsAndNoMore) {
  EXPECT_EQ(json_quote(std::string("\"\\/\b\f\n\r\t\x01\x1F\x7F\0", 12)),
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000\"");
  EXPECT_EQ(json_quote("\xC3\xA9"), "\"\xC3\xA9\"");
}

TEST(Value, QuotingGivesValidJsonOfAnyBytes) {
  EXPECT_EQ(json_quote("a\xFF\"\xC3"), "\"a\xEF\xBF\xBD\\\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json_quote("\xC3\xA9\xED\xA0\x80z"),
            "\"\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
  for (const std::string& bad : samples::no_json()) {
    EXPECT_FALSE(is_minified(bad)) << bad.substr(0, 80);
    EXPECT_TRUE(check_json(json_or_quoted(bad), 1).ok()) << bad.substr(0, 80);
  }
}

TEST(Value, UnquotingReadsEveryEscape) {
  EXPECT_EQ(json_unquote("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\""),
            "\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(json_unquote("\"\\u0000\""), std::string(1, '\0'));
  EXPECT_EQ(json_unquote("\"\""), "");
}

// These functions require minified text. For other text they may return nonsense, but they must not
// read outside it.
TEST(Value, ReadersOfMinifiedTextSurviveAnythingElse) {
  for (std::string_view bad :
       {"{", "[", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[\"\\", "\"", "\"\\\"", "{\"a\":[", "[[",
        "[1,", "\"\\u12\"", "\"\\ud83d\\u\"", "]", ",", ""}) {
    (void)object_members(bad);
    (void)array_elements(bad);
    (void)canonical_json(bad);
    (void)json_unquote(bad);
  }
}

TEST(Value, ObjectTextKeepsTheOrderGiven) {
  EXPECT_EQ(object_text({{"b\n", "1"}, {"a", "[2]"}}), "{\"b\\n\":1,\"a\":[2]}");
  EXPECT_EQ(object_text({}), "{}");
}

TEST(CheckJson, TakesTheGrammarAndNoMore) {
  for (std::string_view good : {"0", " {\"a\" : [ 1 , \"\\u00e9\\n\" ] } ", "{\"a\":1,\"a\":2}",
                                "\"\\ud83d\"", "\"\\ude00x\\ud83d\\u0041\"", "[[[]]]"}) {
    EXPECT_TRUE(check_json(good, 3).ok()) << good;
  }
  for (std::string_view bad : {"", " ", "[1,]", "01", "1.", "\"\\x\"", "\"\\u12g4\"", "\"\n\"",
                               "1 2", "\"\xFF\"", "[[[[]]]]", "{\"a\":1"}) {
    EXPECT_FALSE(check_json(bad, 3).ok()) << bad;
  }
  EXPECT_EQ(check_json("[1,x]", 3).error().message, "JSON, byte 3: no JSON value starts like this");
}

// What each() finds in checked text is the same with blanks between the tokens and without.
TEST(Minified, EachPassesOverBlanks) {
  const std::string pretty =
      "{ \"a\" :\t1.50 , \"b\\\"\"\n: [ 1 , {\"c\": \"x, ]\" } ] ,\"d\":null\r\n}";
  for (const std::string& text : {pretty, *minify_json(pretty)}) {
    std::string found;
    minified::each(text, [&found](std::string_view key, std::string_view value) {
      found += std::string(key) + "=" + *minify_json(value) + ";";
      EXPECT_EQ(value.find_last_not_of(" \t\r\n") + 1, value.size());
    });
    EXPECT_EQ(found, "\"a\"=1.50;\"b\\\"\"=[1,{\"c\":\"x, ]\"}];\"d\"=null;");
  }
  for (std::string_view empty : {"[]", "{}", "[ ]", "{\n\t}"}) {
    minified::each(empty, [](std::string_view, std::string_view) { ADD_FAILURE(); });
  }
}

}  // namespace
}  // namespace crdt
