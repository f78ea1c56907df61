#pragma once

// How large a page we ask a peer for. A connection may break before a large page is through (a
// proxy, a weak radio link). A page that did not come halves the size; a page that came doubles it.
// So a join or an exchange makes progress on any connection that carries the smallest page.

#include <algorithm>
#include <cstddef>

namespace gossip {

inline constexpr std::size_t kPageBytesMin = 16u << 10;  // the smallest page that we ask for

class PageSize {
 public:
  // The size to ask for; `most` is the size on a good path.
  std::size_t of(std::size_t most) const {
    return std::max(most >> halvings_, std::min(most, kPageBytesMin));
  }
  void lost() { halvings_ = std::min(halvings_ + 1, kHalvingsMax); }
  void came() { halvings_ = std::max(halvings_ - 1, 0); }

 private:
  static constexpr int kHalvingsMax = 6;  // 1 MiB halved so often is the smallest page
  int halvings_ = 0;
};

}  // namespace gossip
