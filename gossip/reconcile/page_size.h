#pragma once

// How much one page of a peer may be. A connection may always break before a large page is through
// (a proxy, a weak radio link): after a page that never came half of it is asked for, after one
// that did come twice as much, so that whatever lasts for the smallest page gets on.

#include <algorithm>
#include <cstddef>

namespace gossip {

inline constexpr std::size_t kPageBytesMin = 16u << 10;  // asked for at least

class PageSize {
 public:
  // What to ask for where `most` is asked for on a good path.
  std::size_t of(std::size_t most) const {
    return std::max(most >> halvings_, std::min(most, kPageBytesMin));
  }
  void lost() { halvings_ = std::min(halvings_ + 1, kHalvingsMax); }
  void came() { halvings_ = std::max(halvings_ - 1, 0); }

 private:
  static constexpr int kHalvingsMax = 6;  // of 1 MiB: the smallest
  int halvings_ = 0;
};

}  // namespace gossip
