#include "agent/api/decimal.h"

#include <algorithm>

namespace agent {
namespace {

// Larger exponents are cut to this value. No field of 1 MiB has enough digits to make a difference.
constexpr std::int64_t kExponentMax = 1'000'000'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// Reads the exponent from 'e' to the end; nullopt when it is malformed.
std::optional<std::int64_t> take_exponent(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  text.remove_prefix(1);
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return std::nullopt;
  std::int64_t exponent = 0;
  for (char digit : digits) exponent = std::min(kExponentMax, exponent * 10 + (digit - '0'));
  return negative ? -exponent : exponent;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal number;
  number.negative_ = !text.empty() && text[0] == '-';
  if (number.negative_) text.remove_prefix(1);
  std::string_view whole = take_digits(text);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty()) return std::nullopt;
  }
  auto exponent = take_exponent(text);
  if (!exponent) return std::nullopt;
  number.digits_ = std::string(whole) + std::string(fraction);
  std::size_t zeros = std::min(number.digits_.find_first_not_of('0'), number.digits_.size());
  number.digits_.erase(0, zeros);
  number.digits_.erase(number.digits_.find_last_not_of('0') + 1);
  number.exponent_ =
      *exponent + static_cast<std::int64_t>(whole.size()) - static_cast<std::int64_t>(zeros);
  if (number.digits_.empty()) {  // -0 is 0
    number.negative_ = false;
    number.exponent_ = 0;
  }
  return number;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  if (negative_ != other.negative_) {
    return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return negative_ ? other.compare_magnitude(*this) : compare_magnitude(other);
}

std::strong_ordering Decimal::compare_magnitude(const Decimal& other) const {
  if (digits_.empty() || other.digits_.empty()) return digits_.size() <=> other.digits_.size();
  if (exponent_ != other.exponent_) return exponent_ <=> other.exponent_;
  return digits_.compare(other.digits_) <=> 0;
}

}  // namespace agent
