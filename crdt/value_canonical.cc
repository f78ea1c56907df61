#include <algorithm>
#include <cstdint>

#include "crdt/minified.h"
#include "crdt/value.h"

namespace crdt {
namespace {

// Exponents with more digits than this are compared as text. With at most this many digits the sum
// of an exponent and a length cannot overflow, and no real number needs more.
constexpr std::size_t kExponentDigitsMax = 17;
// With more zeros than this the exponent form is used.
constexpr std::int64_t kZerosMax = 20;

struct Decimal {
  bool negative = false;
  std::string digits;     // without leading and trailing zeros; empty for zero
  std::int64_t exponent;  // of the last digit
};

std::string_view without_leading_zeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

std::string spelled(const Decimal& number) {
  std::string out = number.negative ? "-" : "";
  auto length = static_cast<std::int64_t>(number.digits.size());
  std::int64_t exponent = number.exponent;
  if (exponent >= 0 && exponent <= kZerosMax) {
    return out + number.digits + std::string(static_cast<std::size_t>(exponent), '0');
  }
  if (exponent < 0 && -exponent < length) {
    auto whole = static_cast<std::size_t>(length + exponent);
    return out + number.digits.substr(0, whole) + '.' + number.digits.substr(whole);
  }
  if (exponent < 0 && -exponent - length <= kZerosMax) {
    return out + "0." + std::string(static_cast<std::size_t>(-exponent - length), '0') +
           number.digits;
  }
  return out + number.digits + 'e' + std::to_string(exponent);
}

// The number by its value, without floating point: 1, 1.0, 10e-1 and 1E+0 become 1.
std::string canonical_number(std::string_view text) {
  Decimal number;
  number.negative = text.starts_with('-');
  if (number.negative) text.remove_prefix(1);
  std::size_t mark = std::min(text.find_first_of("eE"), text.size());
  std::string_view mantissa = text.substr(0, mark);
  std::string_view power = text.substr(std::min(mark + 1, text.size()));
  bool power_negative = power.starts_with('-');
  if (power_negative || power.starts_with('+')) power.remove_prefix(1);
  power = without_leading_zeros(power);

  std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string_view fraction = mantissa.substr(std::min(point + 1, mantissa.size()));
  std::string all = std::string(mantissa.substr(0, point)) + std::string(fraction);
  std::string_view digits = without_leading_zeros(all);
  if (digits.empty()) return "0";
  std::size_t kept = digits.find_last_not_of('0') + 1;
  number.digits = digits.substr(0, kept);
  // The written exponent changes by the place of the point and by the zeros cut off at the end.
  auto shift =
      static_cast<std::int64_t>(digits.size() - kept) - static_cast<std::int64_t>(fraction.size());

  if (power.size() > kExponentDigitsMax) {
    std::string out = number.negative ? "-" : "";
    out.append(mantissa).append(power_negative ? "e-" : "e").append(power);
    return out;
  }
  std::int64_t written = 0;
  for (char c : power) written = written * 10 + (c - '0');
  number.exponent = (power_negative ? -written : written) + shift;
  return spelled(number);
}

void append_canonical(std::string& out, std::string_view text);

void append_object(std::string& out, std::string_view text) {
  std::vector<std::pair<std::string, std::string_view>> members;
  minified::each(text, [&members](std::string_view key, std::string_view value) {
    members.emplace_back(json_unquote(key), value);
  });
  std::sort(members.begin(), members.end());
  out.push_back('{');
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json_quoted(out, members[i].first);
    out.push_back(':');
    append_canonical(out, members[i].second);
  }
  out.push_back('}');
}

void append_array(std::string& out, std::string_view text) {
  bool first = true;
  out.push_back('[');
  minified::each(text, [&](std::string_view, std::string_view value) {
    if (!first) out.push_back(',');
    first = false;
    append_canonical(out, value);
  });
  out.push_back(']');
}

// The recursion is bounded by the depth that minify_json() allows.
void append_canonical(std::string& out, std::string_view text) {
  if (text.empty()) return;
  switch (text.front()) {
    case '{':
      return append_object(out, text);
    case '[':
      return append_array(out, text);
    case '"':
      return append_json_quoted(out, json_unquote(text));
    case 't':
    case 'f':
    case 'n':
      out += text;
      return;
    default:
      out += canonical_number(text);
  }
}

}  // namespace

std::string canonical_json(std::string_view minified) {
  std::string out;
  out.reserve(minified.size());
  append_canonical(out, minified);
  return out;
}

}  // namespace crdt
