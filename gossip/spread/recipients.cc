#include "gossip/spread/recipients.h"

#include <algorithm>

namespace gossip {
namespace {

// So many members we look at to find one that is not doubtful.
constexpr std::size_t kRingSteps = 8;
constexpr std::size_t kDrawsPerPlace = 8;  // draws before we walk all members

bool contains(const std::vector<NodeId>& nodes, const NodeId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

std::vector<Target> Recipients::all() const {
  std::vector<NodeId> nodes;
  std::vector<NodeId> doubtful;
  for (const NodeId& node : members_.living()) {
    (members_.find(node)->is_doubtful() ? doubtful : nodes).push_back(node);
  }
  nodes.insert(nodes.end(), doubtful.begin(), doubtful.end());
  add_hearsay(kHearsayPushed, nullptr, nodes);
  return targets_of(nodes);
}

std::optional<NodeId> Recipients::next_after(const NodeId& self) const {
  if (members_.living().empty()) return std::nullopt;
  NodeId first = members_.living_after(self);
  NodeId node = first;
  for (std::size_t i = 0; i < kRingSteps; ++i) {
    if (!members_.find(node)->is_doubtful()) return node;
    node = members_.living_after(node);
  }
  return first;
}

void Recipients::draw(std::size_t count, const NodeId* but, base::Random& random,
                      std::vector<NodeId>& chosen) const {
  const std::vector<NodeId>& living = members_.living();
  auto may_be = [&](const NodeId& node) {
    return (but == nullptr || node != *but) && !contains(chosen, node);
  };
  for (std::size_t i = 0; i < count * kDrawsPerPlace && chosen.size() < count; ++i) {
    if (living.empty()) break;
    const NodeId& node = living[static_cast<std::size_t>(random.below(living.size()))];
    if (may_be(node) && !members_.find(node)->is_doubtful()) chosen.push_back(node);
  }
  for (bool doubtful : {false, true}) {
    if (chosen.size() >= count || living.empty()) break;
    auto first = static_cast<std::size_t>(random.below(living.size()));
    for (std::size_t i = 0; i < living.size() && chosen.size() < count; ++i) {
      const NodeId& node = living[(first + i) % living.size()];
      if (may_be(node) && members_.find(node)->is_doubtful() == doubtful) chosen.push_back(node);
    }
  }
  if (chosen.size() < count) add_hearsay(count - chosen.size(), but, chosen);
}

// Takes the newest members: perhaps they live, and we only have not asked them yet.
void Recipients::add_hearsay(std::size_t count, const NodeId* but,
                             std::vector<NodeId>& chosen) const {
  const auto& all = members_.hearsay();
  std::size_t most = chosen.size() + std::min(count, kHearsayPushed);
  for (auto one = all.rbegin(); one != all.rend() && chosen.size() < most; ++one) {
    if (but == nullptr || one->second != *but) chosen.push_back(one->second);
  }
}

std::vector<Target> Recipients::targets_of(const std::vector<NodeId>& nodes) const {
  std::vector<Target> targets;
  targets.reserve(nodes.size());
  for (const NodeId& node : nodes) targets.push_back({members_.address_of(node), node});
  return targets;
}

}  // namespace gossip
