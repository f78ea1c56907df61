#include "tools/cli/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace cli {
namespace {

struct Range {
  std::uint32_t first, last;
};

// Characters that join the one before them, and those that take two columns (East Asian Width W and
// F, Unicode 16). Both lists are sorted.
constexpr std::array kJoining{
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},   Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A},   Range{0x0E47, 0x0E4E},
    Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200D},   Range{0x20D0, 0x20FF},
    Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xE0100, 0xE01EF},
};
constexpr std::array kWide{
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},
    Range{0x23E9, 0x23EC},   Range{0x23F0, 0x23F0},   Range{0x23F3, 0x23F3},
    Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},   Range{0x2630, 0x2637},
    Range{0x2648, 0x2653},   Range{0x267F, 0x267F},   Range{0x268A, 0x268F},
    Range{0x2693, 0x2693},   Range{0x26A1, 0x26A1},   Range{0x26AA, 0x26AB},
    Range{0x26BD, 0x26BE},   Range{0x26C4, 0x26C5},   Range{0x26CE, 0x26CE},
    Range{0x26D4, 0x26D4},   Range{0x26EA, 0x26EA},   Range{0x26F2, 0x26F3},
    Range{0x26F5, 0x26F5},   Range{0x26FA, 0x26FA},   Range{0x26FD, 0x26FD},
    Range{0x2705, 0x2705},   Range{0x270A, 0x270B},   Range{0x2728, 0x2728},
    Range{0x274C, 0x274C},   Range{0x274E, 0x274E},   Range{0x2753, 0x2755},
    Range{0x2757, 0x2757},   Range{0x2795, 0x2797},   Range{0x27B0, 0x27B0},
    Range{0x27BF, 0x27BF},   Range{0x2B1B, 0x2B1C},   Range{0x2B50, 0x2B50},
    Range{0x2B55, 0x2B55},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
    Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE10, 0xFE19},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
    Range{0xFFE0, 0xFFE6},   Range{0x16FE0, 0x18CFF}, Range{0x1AFF0, 0x1B2FB},
    Range{0x1D300, 0x1D376}, Range{0x1F004, 0x1F004}, Range{0x1F0CF, 0x1F0CF},
    Range{0x1F18E, 0x1F18E}, Range{0x1F191, 0x1F19A}, Range{0x1F200, 0x1F64F},
    Range{0x1F680, 0x1F6FF}, Range{0x1F7E0, 0x1F7F0}, Range{0x1F900, 0x1F9FF},
    Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD},
};

template <std::size_t count>
bool holds(const std::array<Range, count>& ranges, std::uint32_t point) {
  auto found = std::lower_bound(ranges.begin(), ranges.end(), point,
                                [](const Range& range, std::uint32_t p) { return range.last < p; });
  return found != ranges.end() && found->first <= point;
}

constexpr std::uint32_t kAsEmoji = 0xFE0F;  // shows the character before it in two columns

// `before`: the columns of the character before this one.
std::size_t width_of(std::uint32_t point, std::size_t before) {
  if (point < 0x300) return 1;
  if (point == kAsEmoji) return before == 1 ? 1 : 0;
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
  std::size_t width = 0;
  for (std::size_t bytes = 0; !utf8.empty(); utf8.remove_prefix(bytes)) {
    width = width_of(first_of(utf8, bytes), width);
    columns += width;
  }
  return columns;
}

std::string cut_to(std::string_view utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return std::string(utf8);
  if (columns == 0) return {};
  std::size_t end = 0;
  std::size_t used = 0;
  std::size_t width = 0;
  for (std::size_t bytes = 0; end < utf8.size(); end += bytes) {
    width = width_of(first_of(utf8.substr(end), bytes), width);
    used += width;
    if (used >= columns) break;  // the ellipsis takes the last column
  }
  return std::string(utf8.substr(0, end)) + "\xE2\x80\xA6";
}

}  // namespace cli
