#include "crdt/packed_numbers.h"

#include <algorithm>

namespace crdt {
namespace {

std::size_t bytes_for(std::uint64_t number) {
  std::size_t bytes = 0;
  for (; number != 0; number >>= 8) ++bytes;
  return bytes;
}

}  // namespace

PackedNumbers::PackedNumbers(const std::vector<std::uint64_t>& numbers) : size_(numbers.size()) {
  groups_.reserve((size_ + kGroup - 1) / kGroup + 1);
  std::uint64_t start = 0;
  for (std::size_t first = 0; first < size_; first += kGroup) {
    const auto begin = numbers.begin() + static_cast<std::ptrdiff_t>(first);
    const std::size_t count = std::min(kGroup, size_ - first);
    const auto [least, most] = std::minmax_element(begin, begin + static_cast<int>(count));
    groups_.push_back({*least, start});
    start += count * bytes_for(*most - *least);
  }
  groups_.push_back({0, start});
  bytes_.reserve(start);
  for (std::size_t place = 0; place < size_; ++place) {
    const std::size_t group = place / kGroup;
    std::uint64_t above = numbers[place] - groups_[group].least;
    for (std::size_t i = width(group); i > 0; --i, above >>= 8) {
      bytes_.push_back(static_cast<char>(above & 0xff));
    }
  }
}

std::uint64_t PackedNumbers::operator[](std::size_t place) const {
  const std::size_t group = place / kGroup;
  const std::size_t bytes = width(group);
  const std::size_t start = groups_[group].start + (place % kGroup) * bytes;
  std::uint64_t above = 0;
  for (std::size_t i = bytes; i > 0; --i) {
    above = (above << 8) | static_cast<unsigned char>(bytes_[start + i - 1]);
  }
  return groups_[group].least + above;
}

std::size_t PackedNumbers::width(std::size_t group) const {
  const std::size_t count = std::min(kGroup, size_ - group * kGroup);
  return (groups_[group + 1].start - groups_[group].start) / count;
}

}  // namespace crdt
