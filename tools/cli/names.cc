#include "tools/cli/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <ctime>

#include "tools/cli/json_text.h"

namespace cli {
namespace {

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kShortDigits = 8;
constexpr auto kAskAgain = std::chrono::seconds(2);

bool is_id(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string short_id(std::string_view id) {
  return std::string(is_id(id) ? id.substr(0, kShortDigits) : id);
}

std::string short_dot(std::string_view dot) {
  auto colon = std::min(dot.find(':'), dot.size());
  return short_id(dot.substr(0, colon)) + std::string(dot.substr(colon));
}

std::string readable_stamp(std::string_view stamp) {
  std::int64_t nanos = 0;
  const char* end = stamp.data() + stamp.size();
  auto [stop, error] = std::from_chars(stamp.data(), end, nanos);
  if (error != std::errc() || nanos < 0 || stop == end || *stop != '.') return std::string(stamp);
  auto seconds = static_cast<std::time_t>(nanos / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     nanos / 1'000'000 % 1'000);
}

std::string Names::of(std::string_view writer) {
  if (!is_id(writer)) return std::string(writer);
  auto found = names_.find(writer);
  if (found == names_.end()) {
    ask();
    found = names_.find(writer);
  }
  auto id = short_id(writer);
  return found == names_.end() ? id : found->second + " " + id;
}

// Without an answer the table shows ids only: names are a help and not part of the answer.
void Names::ask() {
  auto now = std::chrono::steady_clock::now();
  if (asked_ && now - *asked_ < kAskAgain) return;
  asked_ = now;
  auto answer = client_.get("/v1/members");
  if (!answer.ok()) return;
  for (auto member : elements(answer->body).value_or(std::vector<std::string_view>{})) {
    auto name = unquote(field(member, "name"));
    if (!name.empty()) names_.insert_or_assign(unquote(field(member, "node_id")), name);
  }
}

}  // namespace cli
