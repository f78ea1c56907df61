// Positions in UTF-16. Each node knows how many of its code points take two units, so a text
// without them needs no search.

#include "crdt/types/sequence/points.h"
#include "crdt/types/sequence/run_tree.h"

namespace crdt {

// The leaf with the code point, or the unit, `left`, which is below the number of all. `left` is
// then that within the leaf, and `before` has the sums of the leaves before it.
std::uint32_t RunTree::leaf_at(bool in_units, std::uint32_t& left, Sums& before) const {
  std::uint32_t node = root_;
  bool leaf = root_is_leaf_;
  while (!leaf) {
    const Inner& inner = inners_[node];
    std::uint32_t child = 0;
    for (;; ++child) {
      const Sums& sums = inner.sums[child];
      const std::uint32_t count = sums.points + (in_units ? sums.astral : 0);
      if (left < count) break;
      left -= count;
      before.points += sums.points;
      before.astral += sums.astral;
    }
    leaf = inner.over_leaves;
    node = inner.children[child];
  }
  return node;
}

std::optional<std::uint32_t> RunTree::position_of_unit(std::uint32_t unit) const {
  if (total_.astral == 0) return unit;
  if (unit == units()) return size();
  std::uint32_t left = unit;
  Sums before;
  const std::uint32_t found = leaf_at(true, left, before);
  const Leaf& leaf = leaves_[found];
  if (leaf.sums.astral == 0) return before.points + left;
  if (leaf.stub) {
    want(found);
    return before.points;
  }
  std::uint32_t points = 0;
  for (std::size_t at = 0; left > 0; ++points) {
    const std::uint32_t width = is_astral(leaf.text[at]) ? 2 : 1;
    if (width > left) return std::nullopt;
    left -= width;
    at += bytes_of_points(std::string_view(leaf.text).substr(at), 1);
  }
  return before.points + points;
}

std::uint32_t RunTree::unit_of(std::uint32_t position) const {
  if (total_.astral == 0) return position;
  if (position == size()) return units();
  std::uint32_t left = position;
  Sums before;
  const std::uint32_t found = leaf_at(false, left, before);
  const Leaf& leaf = leaves_[found];
  std::uint32_t astral = 0;
  if (leaf.stub && leaf.sums.astral > 0) {
    want(found);
  } else if (leaf.sums.astral > 0) {
    astral = count_astral(std::string_view(leaf.text).substr(0, byte_of(leaf, left)));
  }
  return position + before.astral + astral;
}

}  // namespace crdt
