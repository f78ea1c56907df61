#include "gossip/swim/news.h"

namespace gossip {

std::uint32_t retransmissions(std::size_t members) {
  std::uint32_t digits = 0;
  for (std::size_t reach = 1; reach < members + 1; reach *= 10) ++digits;
  return kRetransmitFactor * (digits == 0 ? 1 : digits);
}

void News::add(const NodeId& about) {
  drop(about);
  told_[about] = 0;
  by_told_.insert({0, about});
}

void News::drop(const NodeId& about) {
  auto found = told_.find(about);
  if (found == told_.end()) return;
  by_told_.erase({found->second, about});
  told_.erase(found);
}

std::vector<NodeId> News::take(std::size_t count, std::size_t members) {
  std::uint32_t often_enough = retransmissions(members);
  std::vector<NodeId> taken;
  for (auto least = by_told_.begin(); least != by_told_.end(); ++least) {
    if (taken.size() >= count) break;
    taken.push_back(least->second);
  }
  for (const NodeId& about : taken) {
    std::uint32_t& told = told_[about];
    by_told_.erase({told, about});
    if (++told >= often_enough) {
      told_.erase(about);
    } else {
      by_told_.insert({told, about});
    }
  }
  return taken;
}

}  // namespace gossip
