#pragma once

// Many numbers in little memory, read-only once made. Each group of kGroup numbers takes as many
// bytes a number as the difference between its largest and its smallest needs; a group of equal
// numbers takes none. Reading one costs the same wherever it stands. Safe to read from any thread.

#include <cstdint>
#include <string>
#include <vector>

namespace crdt {

class PackedNumbers {
 public:
  static constexpr std::size_t kGroup = 128;

  PackedNumbers() = default;
  explicit PackedNumbers(const std::vector<std::uint64_t>& numbers);

  std::size_t size() const { return size_; }
  std::uint64_t operator[](std::size_t place) const;  // place < size()

 private:
  struct Group {
    std::uint64_t least = 0;
    std::uint64_t start = 0;  // in bytes_
  };
  std::size_t width(std::size_t group) const;

  std::size_t size_ = 0;
  std::vector<Group> groups_;  // one more than there are groups: the last one only has a start
  std::string bytes_;
};

}  // namespace crdt
