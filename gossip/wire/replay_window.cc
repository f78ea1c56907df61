#include <algorithm>

#include "gossip/wire/seal.h"

namespace gossip::wire {

bool ReplayWindow::seen(std::uint64_t counter) const {
  if (!any_ || counter > highest_) return false;
  if (highest_ - counter >= kWidth) return true;
  return (bits_[counter / 64 % kWords] >> (counter % 64) & 1) != 0;
}

void ReplayWindow::mark(std::uint64_t counter) {
  if (any_ && counter <= highest_ && highest_ - counter >= kWidth) return;
  if (!any_ || counter > highest_) {
    // Words that are entered for the first time hold bits of counters that are now too old.
    std::uint64_t entered = std::min<std::uint64_t>(counter / 64 - highest_ / 64, kWords);
    for (std::uint64_t i = 0; i < entered; ++i) bits_[(counter / 64 - i) % kWords] = 0;
    highest_ = counter;
    any_ = true;
  }
  bits_[counter / 64 % kWords] |= std::uint64_t{1} << (counter % 64);
}

}  // namespace gossip::wire
