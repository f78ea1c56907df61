// Blocks that are not loaded, and how they are.

#include <algorithm>

#include "crdt/base/check.h"
#include "crdt/types/sequence/run_tree.h"

namespace crdt {

RunTree::Place RunTree::want(std::uint32_t leaf) const {
  CHECK(searching_);
  missing_.insert(leaves_[leaf].block);
  return {leaf, 0, 0};
}

void RunTree::want_all() const {
  for (std::uint32_t id = first_leaf_; id != kNone && stubs_ > 0; id = leaves_[id].next) {
    if (leaves_[id].stub) want(id);
  }
}

std::uint32_t RunTree::reach_of(Element element) const {
  const Place place = of(element);
  const Leaf& leaf = leaves_[place.leaf];
  if (!leaf.stub) return leaf.runs[place.run].length - place.offset;
  return index_[element.actor].next_after(element.number) - element.number;
}

void RunTree::append_stub(BlockLine line) {
  if (leaves_.back().block != kNone) {
    const auto fresh = static_cast<std::uint32_t>(leaves_.size());
    leaves_.back().next = fresh;
    leaves_.emplace_back();
  }
  Leaf& leaf = leaves_.back();
  leaf.block = line.id;
  leaf.stub = true;
  leaf.sums = {line.points, line.astral};
  ++stubs_;
  Stored& stored = stored_[line.id];
  stored.line = std::move(line);
}

const BlockLine* RunTree::stub(std::uint32_t block) const {
  const auto stored = stored_.find(block);
  if (stored == stored_.end() || stored->second.line.intervals.empty()) return nullptr;
  const BlockLine& line = stored->second.line;
  const Leaf& leaf = leaves_[leaf_of(line.intervals.front().first)];
  return leaf.stub && leaf.block == block ? &line : nullptr;
}

bool RunTree::load(std::uint32_t block, const std::vector<Run>& runs, std::string_view text) {
  Stored& stored = stored_.at(block);
  const BlockLine& line = stored.line;
  RunTree part;
  if (runs.size() != line.runs || text.size() != line.bytes) return false;
  if (!part.append(block, runs, text)) return false;
  Sums left{line.points, line.astral};
  Sums sums;
  for (const Leaf& leaf : part.leaves_) {
    sums.points += leaf.sums.points;
    sums.astral += leaf.sums.astral;
  }
  if (sums != left) return false;
  std::uint32_t id = leaf_of(line.intervals.front().first);
  CHECK(leaves_[id].stub && leaves_[id].block == block);
  // The leaves are added as if a leaf was split again and again: the last one always has the sums
  // of all that is still to come, so the sums above stay as they are.
  for (std::size_t i = 0; i < part.leaves_.size(); ++i) {
    Leaf& from = part.leaves_[i];
    const std::uint32_t parent = leaves_[id].parent;
    const std::uint32_t next = leaves_[id].next;
    if (i > 0) {
      const auto fresh = static_cast<std::uint32_t>(leaves_.size());
      leaves_.emplace_back();
      leaves_[fresh].next = next;
      leaves_[fresh].sums = left;
      leaves_[id].next = fresh;
      leaves_[id].sums = part.leaves_[i - 1].sums;
      add_child(parent, id, fresh, true);
      id = fresh;
    }
    Leaf& to = leaves_[id];
    to.stub = false;
    to.block = block;
    to.runs = from.runs;
    to.count = from.count;
    to.text = std::move(from.text);
    for (std::uint32_t run = 0; run < to.count; ++run) {
      index_of(to.runs[run].first.actor).set(to.runs[run].first.number, id);
    }
    left.points -= from.sums.points;
    left.astral -= from.sums.astral;
  }
  stored.leaves = static_cast<std::uint32_t>(part.leaves_.size());
  --stubs_;
  near_known_ = false;
  path_leaf_ = kNone;
  return true;
}

}  // namespace crdt
