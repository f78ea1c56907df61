#pragma once

// Numbers in JSON notation, exactly: compared and spelled by value, without floating point, with
// any number of digits and any exponent. Example: 0.1 is exactly a tenth, 2^53 + 1 differs from
// 2^53, and 1e99999999999999999999 is smaller than 2e99999999999999999999.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crdt {

class Decimal {
 public:
  static std::optional<Decimal> parse(std::string_view text);  // the grammar of JSON numbers

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const = default;

  // The one spelling of this value: 1, 1.0, 10e-1 and 1E+0 become 1. Numbers that need more than 20
  // zeros have an exponent, as in 1e21 and 12e-1000000.
  std::string text() const;

 private:
  // A whole number of any size: high and low, with low in 0 to kLowMax, times the sign.
  struct Exponent {
    bool negative = false;
    std::string high;      // digits above those of `low`, without leading zeros; mostly empty
    std::int64_t low = 0;  // the last 17 digits

    static Exponent parse(bool negative, std::string_view digits);
    Exponent plus(std::int64_t small) const;  // `small` is the length of a text
    std::string text() const;
    std::optional<std::int64_t> value() const;  // nullopt if it has more than 17 digits
    std::strong_ordering operator<=>(const Exponent& other) const;
    bool operator==(const Exponent& other) const = default;
  };
  static std::optional<Exponent> take_exponent(std::string_view text);
  std::strong_ordering compare_magnitude(const Decimal& other) const;

  // The value is 0.<digits> times ten to the exponent. There are no zeros at either end, so equal
  // values have equal members.
  bool negative_ = false;
  std::string digits_;  // empty: zero
  Exponent exponent_;
};

}  // namespace crdt
