#include "crdt/decimal.h"

#include <gtest/gtest.h>

#include <vector>

namespace crdt {
namespace {

TEST(Decimal, TakesExactlyTheGrammarOfJson) {
  std::vector<std::string> numbers = {"0", "-0", "1", "-1.5", "1e3", "1E+3", "1e-3", "0.0010"};
  std::vector<std::string> others = {"",    "-",  "+1", "01",  ".5",    "1.",    "1e", "1e+",
                                     "0x1", "1 ", " 1", "NaN", "1.5.2", "1e5.5", "--1"};

  for (const std::string& text : numbers) EXPECT_TRUE(Decimal::parse(text)) << text;
  for (const std::string& text : others) EXPECT_FALSE(Decimal::parse(text)) << text;
}

TEST(Decimal, EqualValuesAreEqualHoweverTheyAreWritten) {
  std::vector<std::vector<std::string>> groups = {
      {"1", "1.0", "1e0", "10e-1", "0.1E1", "100e-2", "1.000"},
      {"0", "-0", "0.0", "0e999999999999999999999", "-0.000e5"},
      {"-1200", "-1.2e3", "-0.0012e6", "-12000E-1"},
      // The exponent carries over into, and borrows from, the digits above the last 17.
      {"1e100000000000000000", "10e99999999999999999", "0.1e100000000000000001"},
      {"1e-100000000000000000", "0.1e-99999999999999999", "10e-100000000000000001"},
      {"1e99999999999999999999", "0.01e100000000000000000001", "100e99999999999999999997"},
      {"9007199254740993", "9007199254740993.0", "9007199254740.993e3"},
  };

  for (const auto& group : groups) {
    for (const auto& a : group) {
      for (const auto& z : group) {
        EXPECT_EQ(*Decimal::parse(a), *Decimal::parse(z)) << a << " " << z;
      }
    }
  }
}

// Compared as doubles, several of these would be equal.
TEST(Decimal, OrdersNumbersExactly) {
  std::vector<std::string> ascending = {"-1e999999999999999999999",
                                        "-1e999999999999999999998",
                                        "-1e400",
                                        "-9007199254740993",
                                        "-9007199254740992",
                                        "-2",
                                        "-1.0000000000000000000001",
                                        "-1",
                                        "-1e-400",
                                        "0",
                                        "1e-1000000000000000000000",
                                        "1e-999999999999999999999",
                                        "1e-400",
                                        "2e-400",
                                        "0.09999999999999999999",
                                        "0.1",
                                        "0.10000000000000000000000000001",
                                        "0.9",
                                        "1",
                                        "9",
                                        "10",
                                        "11",
                                        "99",
                                        "100",
                                        "9007199254740992",
                                        "9007199254740993",
                                        "1e400",
                                        "1.1e400",
                                        "1e401",
                                        "1e999999999999999999999",
                                        "2e999999999999999999999",
                                        "1e1000000000000000000000"};

  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      auto a = *Decimal::parse(ascending[i]);
      auto z = *Decimal::parse(ascending[j]);
      EXPECT_EQ(a <=> z, i <=> j) << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Decimal, ASpellingIsReadAsTheSameNumber) {
  for (std::string text : {"0", "-1.5", "123", "0.00000000000000000001", "100000000000000000000",
                           "1e21", "12e-1000000", "-7e99999999999999999", "1e100000000000000000",
                           "1e-100000000000000000000000000000000001"}) {
    EXPECT_EQ(Decimal::parse(text)->text(), text);
  }
  EXPECT_EQ(Decimal::parse("10E99999999999999999")->text(), "1e100000000000000000");
  EXPECT_EQ(Decimal::parse("0.1e-99999999999999999")->text(), "1e-100000000000000000");
}

}  // namespace
}  // namespace crdt
