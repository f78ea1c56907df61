#include "tools/cli/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace cli {
namespace {

struct Range {
  std::uint32_t first, last;
};

// The blocks of Unicode on whose width terminals agree. Both lists are sorted.
constexpr std::array kJoining{
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},   Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A},   Range{0x0E47, 0x0E4E},
    Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200D},   Range{0x20D0, 0x20FF},
    Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xE0100, 0xE01EF},
};
constexpr std::array kWide{
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x23E9, 0x23EC},
    Range{0x2E80, 0x303E},   Range{0x3041, 0x4DBF},   Range{0x4E00, 0xA4CF},
    Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF},
    Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD},
};

template <std::size_t count>
bool holds(const std::array<Range, count>& ranges, std::uint32_t point) {
  auto found = std::lower_bound(ranges.begin(), ranges.end(), point,
                                [](const Range& range, std::uint32_t p) { return range.last < p; });
  return found != ranges.end() && found->first <= point;
}

std::size_t width_of(std::uint32_t point) {
  if (point < 0x300) return 1;
  if (holds(kJoining, point)) return 0;
  return holds(kWide, point) ? 2 : 1;
}

// The first character of `rest` and its number of bytes. A byte that is not UTF-8 counts as one
// character.
std::uint32_t first_of(std::string_view rest, std::size_t& bytes) {
  auto lead = static_cast<unsigned char>(rest.front());
  bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  bytes = std::min(bytes, rest.size());
  std::uint32_t point = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    point = point << 6 | (static_cast<unsigned char>(rest[i]) & 0x3F);
  }
  return point;
}

}  // namespace

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  for (std::size_t bytes = 0; !utf8.empty(); utf8.remove_prefix(bytes)) {
    columns += width_of(first_of(utf8, bytes));
  }
  return columns;
}

std::string cut_to(std::string_view utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return std::string(utf8);
  if (columns == 0) return {};
  std::size_t end = 0;
  std::size_t used = 0;
  for (std::size_t bytes = 0; end < utf8.size(); end += bytes) {
    used += width_of(first_of(utf8.substr(end), bytes));
    if (used >= columns) break;  // the ellipsis takes the last column
  }
  return std::string(utf8.substr(0, end)) + "\xE2\x80\xA6";
}

}  // namespace cli
