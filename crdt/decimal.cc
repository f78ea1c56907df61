#include "crdt/decimal.h"

#include <algorithm>

namespace crdt {
namespace {

constexpr std::size_t kLowDigits = 17;
constexpr std::int64_t kLowEnd = 100'000'000'000'000'000;  // ten to the power of kLowDigits
constexpr std::int64_t kZerosMax = 20;                     // more are spelled as an exponent

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

std::string_view without_leading_zeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

std::strong_ordering compare_digits(std::string_view a, std::string_view z) {
  if (a.size() != z.size()) return a.size() <=> z.size();
  return a.compare(z) <=> 0;
}

// Adds one to the digits, or takes one from them; they are then at least 1.
void step(std::string& digits, bool up) {
  const char full = up ? '9' : '0';
  std::size_t at = digits.size();
  while (at > 0 && digits[at - 1] == full) digits[--at] = up ? '0' : '9';
  if (at == 0) {
    digits.insert(0, "1");
  } else {
    digits[at - 1] = static_cast<char>(digits[at - 1] + (up ? 1 : -1));
  }
  digits.erase(0, digits.find_first_not_of('0'));
}

}  // namespace

Decimal::Exponent Decimal::Exponent::parse(bool negative, std::string_view digits) {
  Exponent exponent;
  digits = without_leading_zeros(digits);
  std::size_t split = digits.size() - std::min(digits.size(), kLowDigits);
  exponent.high = digits.substr(0, split);
  for (char digit : digits.substr(split)) exponent.low = exponent.low * 10 + (digit - '0');
  exponent.negative = negative && !digits.empty();
  return exponent;
}

Decimal::Exponent Decimal::Exponent::plus(std::int64_t small) const {
  Exponent sum = *this;
  sum.low += negative ? -small : small;
  if (sum.low >= kLowEnd) {
    step(sum.high, true);
    sum.low -= kLowEnd;
  } else if (sum.low < 0 && !sum.high.empty()) {
    step(sum.high, false);
    sum.low += kLowEnd;
  } else if (sum.low < 0) {
    sum.low = -sum.low;
    sum.negative = !sum.negative;
  }
  if (sum.low == 0 && sum.high.empty()) sum.negative = false;
  return sum;
}

std::string Decimal::Exponent::text() const {
  std::string digits = std::to_string(low);
  if (!high.empty()) digits = high + std::string(kLowDigits - digits.size(), '0') + digits;
  return negative ? "-" + digits : digits;
}

std::optional<std::int64_t> Decimal::Exponent::value() const {
  if (!high.empty()) return std::nullopt;
  return negative ? -low : low;
}

std::strong_ordering Decimal::Exponent::operator<=>(const Exponent& other) const {
  if (negative != other.negative) {
    return negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  const Exponent& a = negative ? other : *this;
  const Exponent& z = negative ? *this : other;
  auto order = compare_digits(a.high, z.high);
  return order != 0 ? order : a.low <=> z.low;
}

// Reads the exponent from 'e' to the end; nullopt if it is malformed.
std::optional<Decimal::Exponent> Decimal::take_exponent(std::string_view text) {
  if (text.empty()) return Exponent{};
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  text.remove_prefix(1);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return std::nullopt;
  return Exponent::parse(negative, digits);
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal number;
  number.negative_ = text.starts_with('-');
  if (number.negative_) text.remove_prefix(1);
  std::string_view whole = take_digits(text);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty()) return std::nullopt;
  }
  auto exponent = take_exponent(text);
  if (!exponent) return std::nullopt;

  std::string all = std::string(whole) + std::string(fraction);
  std::string_view digits = without_leading_zeros(all);
  if (digits.empty()) return Decimal{};  // -0 is 0
  auto zeros = static_cast<std::int64_t>(all.size() - digits.size());
  number.digits_ = digits.substr(0, digits.find_last_not_of('0') + 1);
  number.exponent_ = exponent->plus(static_cast<std::int64_t>(whole.size()) - zeros);
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

std::string Decimal::text() const {
  if (digits_.empty()) return "0";
  std::string out = negative_ ? "-" : "";
  auto length = static_cast<std::int64_t>(digits_.size());
  Exponent of_last_digit = exponent_.plus(-length);
  auto point = exponent_.value();  // the place of the point in the digits
  if (point && *point > 0 && *point < length) {
    auto whole = static_cast<std::size_t>(*point);
    return out + digits_.substr(0, whole) + '.' + digits_.substr(whole);
  }
  if (point && *point >= length && *point - length <= kZerosMax) {
    return out + digits_ + std::string(static_cast<std::size_t>(*point - length), '0');
  }
  if (point && *point <= 0 && -*point <= kZerosMax) {
    return out + "0." + std::string(static_cast<std::size_t>(-*point), '0') + digits_;
  }
  return out + digits_ + 'e' + of_last_digit.text();
}

}  // namespace crdt
