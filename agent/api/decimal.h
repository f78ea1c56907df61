#pragma once

// Numbers in JSON notation, compared exactly. Example: 0.1 is exactly a tenth, and 2^53 + 1 differs
// from 2^53.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

class Decimal {
 public:
  static std::optional<Decimal> parse(std::string_view text);  // grammar of JSON numbers
  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const = default;

 private:
  // The value is 0.<digits> times ten to the exponent. There are no zeros at either end, so equal
  // values have equal members.
  std::strong_ordering compare_magnitude(const Decimal& other) const;
  bool negative_ = false;
  std::string digits_;  // empty: zero
  std::int64_t exponent_ = 0;
};

}  // namespace agent
