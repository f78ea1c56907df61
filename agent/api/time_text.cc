#include "agent/api/time_text.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

namespace agent {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Reads a text from the left. After the first mistake ok() is false.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  std::int64_t digits(std::size_t count) {
    std::int64_t number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_.empty() || text_[0] < '0' || text_[0] > '9') return fail();
      number = 10 * number + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    return number;
  }
  // The next character if it is one of these, else a mistake.
  char one_of(std::string_view allowed) {
    if (text_.empty() || allowed.find(text_[0]) == allowed.npos) {
      fail();
      return 0;
    }
    const char found = text_[0];
    text_.remove_prefix(1);
    return found;
  }
  bool next_is(char c) const { return !text_.empty() && text_[0] == c; }
  bool next_is_digit() const { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }
  bool at_end() const { return text_.empty(); }
  bool ok() const { return ok_; }
  int fail() {
    ok_ = false;
    return 0;
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// ".904" as nanoseconds.
std::int64_t read_fraction(TimeReader& in) {
  if (!in.next_is('.')) return 0;
  in.one_of(".");
  std::int64_t nanos = in.digits(1);
  int count = 1;
  for (; in.next_is_digit() && count < 9; ++count) nanos = 10 * nanos + in.digits(1);
  for (; count < 9; ++count) nanos *= 10;
  return nanos;
}

// The offset of "Z" or "+02:00" in seconds.
std::int64_t read_offset(TimeReader& in) {
  const char sign = in.one_of("Zz+-");
  if (sign == 'Z' || sign == 'z' || !in.ok()) return 0;
  const std::int64_t hours = in.digits(2);
  in.one_of(":");
  const std::int64_t minutes = in.digits(2);
  if (hours > 23 || minutes > 59) in.fail();
  const std::int64_t seconds = hours * 3'600 + minutes * 60;
  return sign == '-' ? -seconds : seconds;
}

std::optional<std::int64_t> read_time(std::string_view text) {
  TimeReader in(text);
  const auto year = std::chrono::year(static_cast<int>(in.digits(4)));
  in.one_of("-");
  const auto month = std::chrono::month(static_cast<unsigned>(in.digits(2)));
  in.one_of("-");
  const auto day = std::chrono::day(static_cast<unsigned>(in.digits(2)));
  in.one_of("Tt ");
  const std::int64_t hour = in.digits(2);
  in.one_of(":");
  const std::int64_t minute = in.digits(2);
  in.one_of(":");
  const std::int64_t second = in.digits(2);
  const std::int64_t fraction = read_fraction(in);
  const std::int64_t offset = read_offset(in);
  const std::chrono::year_month_day date(year, month, day);
  const bool fits = year >= std::chrono::year(1678) && year <= std::chrono::year(2261);
  if (!in.ok() || !in.at_end() || !date.ok() || !fits) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3'600 + minute * 60 + second - offset;
  return seconds * kSecond + fraction;
}

}  // namespace

base::Result<std::int64_t> nanos_of_time(std::string_view text) {
  if (const auto nanos = read_time(text)) return *nanos;
  return base::invalid("the time " + std::string(text.substr(0, 40)) +
                       " is not of the form 2025-06-05T12:01:22.904Z");
}

std::string time_text(std::int64_t nanos) {
  const std::int64_t millis =
      nanos / 1'000'000 - (nanos % 1'000'000 < 0 ? 1 : 0);  // rounded down, before 1970 too
  const std::int64_t days = millis / 86'400'000 - (millis % 86'400'000 < 0 ? 1 : 0);
  const std::int64_t rest = millis - days * 86'400'000;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(rest / 3'600'000),
                static_cast<int>(rest / 60'000 % 60), static_cast<int>(rest / 1'000 % 60),
                static_cast<int>(rest % 1'000));
  return text;
}

std::uint64_t nanos_with_counter(const crdt::HybridTime& time) {
  if (time.nanos < 0) return 0;
  const std::uint64_t nanos = static_cast<std::uint64_t>(time.nanos) + time.counter;
  return std::min(nanos, static_cast<std::uint64_t>(INT64_MAX));
}

}  // namespace agent
