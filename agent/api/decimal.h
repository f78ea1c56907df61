#pragma once

// Numbers as JSON writes them, compared exactly: 0.1 is a tenth, 2^53 + 1 is not 2^53.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

class Decimal {
 public:
  static std::optional<Decimal> parse(std::string_view text);  // the grammar of JSON numbers
  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const = default;

 private:
  // 0.<digits> times ten to the exponent; no zeros at either end: equal values have equal members.
  std::strong_ordering compare_magnitude(const Decimal& other) const;
  bool negative_ = false;
  std::string digits_;  // empty: zero
  std::int64_t exponent_ = 0;
};

}  // namespace agent
