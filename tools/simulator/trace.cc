#include "tools/simulator/trace.h"

#include <fmt/format.h>

namespace simulation {
namespace {

constexpr std::size_t kColumnWidth = 22;

}  // namespace

std::string Trace::header() const {
  std::string line = fmt::format("{:>10} ", "ms");
  for (std::size_t i = 0; i < columns_; ++i) {
    line += fmt::format("| {:<{}}", std::string(1, static_cast<char>('A' + i % 26)), kColumnWidth);
  }
  return line;
}

void Trace::add(base::Instant now, std::size_t column, std::string_view text) {
  std::string line = fmt::format("{:>10.1f} ", static_cast<double>(now.nanos) / 1e6);
  if (column >= columns_) {
    line += fmt::format("== {}", text);
  } else {
    // A text that is wider than its column continues to the right: the line has no other text.
    for (std::size_t i = 0; i < column; ++i) line += fmt::format("| {:<{}}", "", kColumnWidth);
    line += fmt::format("| {}", text);
  }
  if (write_) {
    write_(line);
    return;
  }
  lines_.push_back(std::move(line));
  if (lines_.size() > kLinesKept) lines_.pop_front();
}

}  // namespace simulation
