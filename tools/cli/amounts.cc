#include "tools/cli/amounts.h"

#include <fmt/format.h>

#include <charconv>

namespace cli {

std::uint64_t number(std::string_view json) {
  std::uint64_t parsed = 0;
  std::from_chars(json.data(), json.data() + json.size(), parsed);
  return parsed;
}

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string byte_count(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

std::string time_span(std::uint64_t seconds) {
  auto days = seconds / 86'400;
  auto hours = seconds / 3'600 % 24;
  auto minutes = seconds / 60 % 60;
  if (days > 0) return fmt::format("{} d {} h", days, hours);
  if (hours > 0) return fmt::format("{} h {} min", hours, minutes);
  if (minutes > 0) return fmt::format("{} min {} s", minutes, seconds % 60);
  return fmt::format("{} s", seconds);
}

}  // namespace cli
