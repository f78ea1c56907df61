#pragma once

// How slow this node is (Lifeguard's local health): 0 is healthy, 7 is the worst, and it never
// leaves these bounds. It stretches the probe interval, so that a host that cannot keep up accuses
// nobody.

#include <algorithm>
#include <cstdint>

namespace gossip {

inline constexpr std::uint32_t kHealthScoreMax = 7;

class Awareness {
 public:
  void worse(std::uint32_t by) { score_ = std::min(kHealthScoreMax, score_ + by); }
  void better() { score_ -= score_ > 0 ? 1 : 0; }
  void well() { score_ = 0; }
  std::uint32_t score() const { return score_; }

 private:
  std::uint32_t score_ = 0;
};

}  // namespace gossip
