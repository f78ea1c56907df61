#include <algorithm>
#include <tuple>

#include "crdt/types/sequence/run_codec.h"
#include "crdt/types/sequence/sequence.h"

namespace crdt {
namespace {

bool less(const FarChild& a, const FarChild& b) {
  const auto key = [](const FarChild& one) {
    return std::tuple(one.parent.actor, one.parent.number, one.right, one.child.actor,
                      one.child.number);
  };
  return key(a) < key(b);
}

}  // namespace

// A child in a block that has not changed was far from its parent at the last fold already, or its
// parent was in the same block, and then is in it still. All others are in blocks that have
// changed, and a parent that got a far child is in one too (apply_insert).
std::vector<RunTree::Block> Sequence::fold(std::uint32_t& next_id, const RunTree::BlockSize& size) {
  std::vector<RunTree::Block> blocks = tree_.group(next_id, size);
  std::map<std::uint32_t, std::vector<FarChild>> before;
  before.swap(far_children_);
  std::set<std::uint32_t> changed;
  for (const RunTree::Block& block : blocks) {
    if (block.changed) {
      changed.insert(block.id);
    } else if (auto kept = before.extract(block.id)) {
      far_children_.insert(std::move(kept));
    }
  }
  for (const auto& [gone, children] : before) {
    for (const FarChild& one : children) {
      if (changed.contains(tree_.block_of(one.child))) continue;
      far_children_[tree_.block_of(one.parent)].push_back(one);
    }
  }
  for (const RunTree::Block& block : blocks) {
    if (!block.changed) continue;
    for (const Run& run : tree_.runs_of(block)) {
      if (run.follows() || run.parent.is_root()) continue;
      const std::uint32_t parent = tree_.block_of(run.parent);
      if (parent == block.id || !changed.contains(parent)) continue;
      far_children_[parent].push_back({run.parent, run.right != 0, run.first});
    }
  }
  for (const std::uint32_t block : changed) {
    const auto children = far_children_.find(block);
    if (children == far_children_.end()) continue;
    std::sort(children->second.begin(), children->second.end(), less);
  }
  return blocks;
}

Sequence::StoredBlock Sequence::block(const RunTree::Block& block) const {
  RunTree::Content content = tree_.content(block);
  const auto far = far_children_.find(block.id);
  const std::vector<FarChild> none;
  return {encode_runs(content.runs, far == far_children_.end() ? none : far->second),
          std::move(content.text)};
}

base::Bytes Sequence::index() const {
  std::vector<Element> starters;
  std::uint32_t link = siblings_.first({}, true);
  for (; link != Siblings::kNone; link = siblings_.next(link)) {
    starters.push_back(siblings_.element(link));
  }
  return encode_index(tree_.lines(), starters);
}

// --- Opening in parts ----------------------------------------------------------------------------

base::Result<Sequence> Sequence::open(base::BytesView names, base::BytesView index) {
  Sequence text;
  ASSIGN_OR_RETURN(text.ids_, ElementIds::decode(names));
  ASSIGN_OR_RETURN(BlockIndex blocks, decode_index(index, text.ids_));
  for (BlockLine& line : blocks.lines) text.tree_.append_stub(std::move(line));
  text.tree_.build();
  for (const Element& element : blocks.starters) text.siblings_.add({}, true, element, text.ids_);
  return text;
}

bool Sequence::has_names(const Skeleton& skeleton) const {
  const auto known = [&](const Element& element) {
    return element.number < ids_.count(element.actor);
  };
  for (const Run& run : skeleton.runs) {
    if (!known(run.last()) || (!run.parent.is_root() && !known(run.parent))) return false;
  }
  for (const FarChild& one : skeleton.far_children) {
    if (!known(one.parent) || !known(one.child)) return false;
  }
  return true;
}

// Its elements are those of the index. Far children are far; and what hangs on an element of a
// block that is loaded, is known there.
bool Sequence::fits_index(const Skeleton& skeleton, const BlockLine& line) const {
  if (intervals_of(skeleton.runs) != line.intervals) return false;
  for (const FarChild& one : skeleton.far_children) {
    if (!crdt::contains(line.intervals, one.parent)) return false;
    if (crdt::contains(line.intervals, one.child)) return false;
  }
  for (const Run& run : skeleton.runs) {
    const bool is_near = run.follows() || crdt::contains(line.intervals, run.parent);
    if (is_near || (!run.parent.is_root() && !tree_.is_loaded(run.parent))) continue;
    if (!siblings_.contains(run.parent, run.right != 0, run.first)) return false;
  }
  return true;
}

base::Status Sequence::load(std::uint32_t block, base::BytesView skeleton, std::string_view text) {
  const BlockLine* line = tree_.stub(block);
  ASSIGN_OR_RETURN(Skeleton read, decode_runs(skeleton, ids_.actors()));
  const bool sound = line != nullptr && has_names(read) && fits_index(read, *line);
  if (!sound || !tree_.load(block, read.runs, text)) {
    return base::invalid("load a block of a text: it is not what the index says");
  }
  for (const Run& run : read.runs) {
    if (run.follows() || run.parent.is_root()) continue;
    if (!crdt::contains(line->intervals, run.parent)) continue;  // its block says it
    siblings_.add(run.parent, run.right != 0, run.first, ids_);
  }
  for (const FarChild& one : read.far_children) {
    siblings_.add(one.parent, one.right, one.child, ids_);
  }
  if (!read.far_children.empty()) far_children_[block] = std::move(read.far_children);
  return {};
}

// --- Loading the whole ---------------------------------------------------------------------------

base::Result<Sequence::Loader> Sequence::Loader::begin(base::BytesView names) {
  Loader loader;
  ASSIGN_OR_RETURN(loader.text_.ids_, ElementIds::decode(names));
  loader.elements_.resize(loader.text_.ids_.actors());
  return loader;
}

base::Status Sequence::Loader::add(std::uint32_t id, base::BytesView skeleton,
                                   std::string_view text) {
  ASSIGN_OR_RETURN(Skeleton read, decode_runs(skeleton, text_.ids_.actors()));
  if (!text_.has_names(read)) {
    return base::invalid("load a text: a run of elements that have no names");
  }
  for (const Run& run : read.runs) {
    elements_[run.first.actor] += run.length;
    if (!run.follows()) children_.push_back(run);
  }
  if (!text_.tree_.append(id, read.runs, text)) {
    return base::invalid("load a text: runs and letters do not fit");
  }
  if (!read.far_children.empty()) text_.far_children_[id] = std::move(read.far_children);
  return {};
}

base::Result<Sequence> Sequence::Loader::finish() {
  for (std::uint32_t actor = 0; actor < elements_.size(); ++actor) {
    if (elements_[actor] == text_.ids_.count(actor)) continue;
    return base::invalid("load a text: elements are missing");
  }
  text_.siblings_.reserve(children_.size());
  for (const Run& run : children_) {
    text_.siblings_.add(run.parent, run.right, run.first, text_.ids_);
  }
  text_.tree_.build();
  return std::move(text_);
}

}  // namespace crdt
