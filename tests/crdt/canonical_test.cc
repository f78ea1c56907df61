#include <gtest/gtest.h>

#include "crdt/value.h"

namespace crdt {
namespace {

std::string canonical(std::string_view text) { return canonical_json(minify_json(text).value()); }

TEST(Canonical, NumbersAreEqualByValue) {
  for (std::string_view one :
       {"1", "1.0", "1e0", "10e-1", "0.1E+1", "1.000e00", "0.001e3", "1000e-3", "1e-0"}) {
    EXPECT_EQ(canonical(one), "1") << one;
  }
  for (std::string_view zero :
       {"0", "-0", "0.0", "-0.0", "0e5", "-0e-999", "0.000", "0e99999999999999999999999999"}) {
    EXPECT_EQ(canonical(zero), "0") << zero;
  }
  EXPECT_EQ(canonical("-1.50"), "-1.5");
  EXPECT_EQ(canonical("-15e-1"), "-1.5");
  EXPECT_EQ(canonical("0.05"), "0.05");
  EXPECT_EQ(canonical("5e-2"), "0.05");
  EXPECT_EQ(canonical("1e3"), "1000");
  EXPECT_EQ(canonical("1e20"), "100000000000000000000");
}

TEST(Canonical, IntegersOfAnyLengthAreExact) {
  std::string digits = "123456789012345678901234567890123456789";

  EXPECT_EQ(canonical(digits), digits);
  EXPECT_EQ(canonical(digits + ".000"), digits);
  EXPECT_EQ(canonical(digits + "0e-1"), digits);
  EXPECT_NE(canonical("9007199254740993"), canonical("9007199254740992"));
  EXPECT_NE(canonical("0.1"), canonical("0.10000000000000000001"));
}

TEST(Canonical, LargeExponentsStayShort) {
  EXPECT_EQ(canonical("1e1000000"), "1e1000000");
  EXPECT_EQ(canonical("10E999999"), "1e1000000");
  EXPECT_EQ(canonical("0.1e1000001"), "1e1000000");
  EXPECT_EQ(canonical("12e-1000000"), "12e-1000000");
  EXPECT_EQ(canonical("1.2e-999999"), "12e-1000000");
  EXPECT_EQ(canonical("1e00000000000000000000000000000001"), "10");
}

TEST(Canonical, AbsurdExponentsStayDifferentNumbers) {
  std::string nines(40, '9');

  EXPECT_EQ(canonical("1e" + nines), canonical("1E+" + nines));
  EXPECT_NE(canonical("1e" + nines), canonical("1e" + nines + "9"));
  EXPECT_NE(canonical("1e" + nines), canonical("1e-" + nines));
  EXPECT_NE(canonical("1e" + nines), canonical("-1e" + nines));
}

TEST(Canonical, StringsHaveTheShortestEscapes) {
  EXPECT_EQ(canonical("\"\\u0041\\/\\u00e9\\ud83d\\ude00\""), "\"A/\xC3\xA9\xF0\x9F\x98\x80\"");
  EXPECT_EQ(canonical("\"\\u000a\\u0022\\u005C\\u001F\""), "\"\\n\\\"\\\\\\u001f\"");
}

TEST(Canonical, KeysAreSortedByCodePoint) {
  EXPECT_EQ(canonical("{\"b\":1,\"a\":{\"d\":[{\"y\":1,\"x\":1.0}],\"c\":null}}"),
            "{\"a\":{\"c\":null,\"d\":[{\"x\":1,\"y\":1}]},\"b\":1}");
  // U+FFFD sorts before U+1F600 by code point, after it by UTF-16 unit.
  EXPECT_EQ(canonical("{\"\xF0\x9F\x98\x80\":1,\"\xEF\xBF\xBD\":2,\"\\u0001\":3}"),
            "{\"\\u0001\":3,\"\xEF\xBF\xBD\":2,\"\xF0\x9F\x98\x80\":1}");
  // Keys are compared after their escapes are decoded.
  EXPECT_EQ(canonical("{\"b\":1,\"\\u0061\":2}"), "{\"a\":2,\"b\":1}");
}

TEST(Canonical, OrderOfElementsAndTypesMatter) {
  EXPECT_NE(canonical("[1,2]"), canonical("[2,1]"));
  EXPECT_NE(canonical("\"1\""), canonical("1"));
  EXPECT_NE(canonical("[]"), canonical("{}"));
  EXPECT_NE(canonical("null"), canonical("\"null\""));
}

}  // namespace
}  // namespace crdt
