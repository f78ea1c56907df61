#include "gossip/reconcile/peer_positions.h"

#include <algorithm>

namespace gossip {

void PeerPositions::same(const NodeId& peer, std::uint64_t theirs, std::uint64_t ours) {
  Peer& known = peers_[peer];
  known.told = ++told_;
  std::vector<Pair>& pairs = known.pairs;
  // Messages come in any order. What does not go on from the last pair tells nothing new.
  const bool grows = pairs.empty() || (pairs.back().theirs < theirs && pairs.back().ours <= ours);
  if (grows) {
    pairs.push_back({theirs, ours});
  } else if (pairs.back().theirs == theirs) {
    pairs.back().ours = std::max(pairs.back().ours, ours);
  }
  if (pairs.size() > kPositionPairsMax) thin(pairs);
  if (peers_.size() <= kPositionPeersMax) return;
  peers_.erase(std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
    return a.second.told < b.second.told;
  }));
}

// Takes out the pair whose loss costs least: the gap that it leaves is the smallest in proportion
// to its distance from the newest.
void PeerPositions::thin(std::vector<Pair>& pairs) {
  const auto cost = [&pairs](std::size_t i) {
    const auto gap = static_cast<double>(pairs[i + 1].theirs - pairs[i - 1].theirs);
    return gap / static_cast<double>(pairs.back().theirs - pairs[i - 1].theirs);
  };
  std::size_t cheapest = 1;
  for (std::size_t i = 2; i + 1 < pairs.size(); ++i) {
    if (cost(i) < cost(cheapest)) cheapest = i;
  }
  pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(cheapest));
}

std::optional<std::uint64_t> PeerPositions::ours(std::string_view short_id,
                                                 std::uint64_t theirs) const {
  const std::vector<Pair>* pairs = nullptr;
  for (const auto& [id, peer] : peers_) {
    if (id.short_hex() != short_id) continue;
    if (pairs != nullptr) return std::nullopt;
    pairs = &peer.pairs;
  }
  if (pairs == nullptr) return std::nullopt;
  const auto above = std::upper_bound(
      pairs->begin(), pairs->end(), theirs,
      [](std::uint64_t position, const Pair& pair) { return position < pair.theirs; });
  if (above == pairs->begin()) return std::nullopt;
  return std::prev(above)->ours;
}

}  // namespace gossip
