#include "crdt/types/sequence/run_tree.h"

#include <algorithm>
#include <cstring>

#include "crdt/base/bytes.h"
#include "crdt/base/check.h"
#include "crdt/types/sequence/points.h"

namespace crdt {
namespace {

constexpr std::size_t kMapNode = 48;  // bytes of memory

}  // namespace

// --- Finding -------------------------------------------------------------------------------------

RunTree::RunTree() { leaves_.emplace_back(); }

RunTree::Place RunTree::at(std::uint32_t position) const {
  std::uint32_t left = position;
  std::uint32_t node = root_;
  const bool near = near_known_ && position >= near_start_ &&
                    position - near_start_ < leaves_[near_leaf_].sums.points;
  if (near) {
    node = near_leaf_;
    left = position - near_start_;
  } else {
    bool leaf = root_is_leaf_;
    while (!leaf) {
      const Inner& inner = inners_[node];
      std::uint32_t child = 0;
      while (left >= inner.sums[child].points) left -= inner.sums[child++].points;
      leaf = inner.over_leaves;
      node = inner.children[child];
    }
    near_leaf_ = node;
    near_start_ = position - left;
    near_known_ = true;
  }
  const Leaf& leaf = leaves_[node];
  if (leaf.stub) return want(node);
  std::uint32_t run = 0;
  for (;; ++run) {
    const Run& one = leaf.runs[run];
    if (!one.live) continue;
    if (left < one.length) break;
    left -= one.length;
  }
  return {node, run, left};
}

RunTree::Place RunTree::of(Element element) const {
  const Leaf& last = leaves_[last_found_.leaf];
  if (last_found_.run < last.count && last.runs[last_found_.run].contains(element)) {
    return {last_found_.leaf, last_found_.run,
            element.number - last.runs[last_found_.run].first.number};
  }
  const std::uint32_t leaf = leaf_of(element);
  const Leaf& one = leaves_[leaf];
  if (one.stub) return want(leaf);
  for (std::uint32_t run = 0; run < one.count; ++run) {
    if (one.runs[run].contains(element)) {
      return last_found_ = {leaf, run, element.number - one.runs[run].first.number};
    }
  }
  CHECK(false);
  return {};
}

RunTree::Place RunTree::normal(Place place) const {
  const Leaf* leaf = &leaves_[place.leaf];
  if (place.run < leaf->count && place.offset == leaf->runs[place.run].length) {
    ++place.run;
    place.offset = 0;
  }
  while (place.run == leaf->count && leaf->next != kNone && !leaf->stub) {
    place = {leaf->next, 0, 0};
    leaf = &leaves_[place.leaf];
  }
  return leaf->stub ? want(place.leaf) : place;
}

bool RunTree::is_end(const Place& place) const {
  const Place last = normal(place);
  const Leaf& leaf = leaves_[last.leaf];
  return last.run == leaf.count && !leaf.stub;
}

std::uint32_t RunTree::points_before(const Leaf& leaf, std::uint32_t run, std::uint32_t offset) {
  std::uint32_t points = 0;
  for (std::uint32_t i = 0; i < run; ++i) {
    if (leaf.runs[i].live) points += leaf.runs[i].length;
  }
  if (run < leaf.count && leaf.runs[run].live) points += offset;
  return points;
}

std::uint32_t RunTree::position(const Place& place) const {
  const Leaf& leaf = leaves_[place.leaf];
  std::uint32_t points = points_before(leaf, place.run, place.offset);
  std::uint32_t child = place.leaf;
  for (std::uint32_t node = leaf.parent; node != kNone; node = inners_[node].parent) {
    const Inner& inner = inners_[node];
    for (std::uint32_t i = 0; inner.children[i] != child; ++i) points += inner.sums[i].points;
    child = node;
  }
  return points;
}

std::size_t RunTree::byte_of(const Leaf& leaf, std::uint32_t point) {
  if (leaf.text.size() == leaf.sums.points) return point;
  std::size_t at = 0;
  for (; point > 0; --point) {
    do ++at;
    while (at < leaf.text.size() && base::is_continuation(leaf.text[at]));
  }
  return at;
}

std::string_view RunTree::shown(const Place& place, std::uint32_t most) const {
  const Leaf& leaf = leaves_[place.leaf];
  const std::uint32_t length = std::min(most, leaf.runs[place.run].length - place.offset);
  const std::uint32_t point = points_before(leaf, place.run, place.offset);
  const std::size_t from = byte_of(leaf, point);
  const bool ascii = leaf.text.size() == leaf.sums.points;
  const std::size_t to = ascii ? from + length : byte_of(leaf, point + length);
  return std::string_view(leaf.text).substr(from, to - from);
}

void RunTree::pieces(const Piece& visitor) const {
  for (std::uint32_t id = first_leaf_; id != kNone; id = leaves_[id].next) {
    const Leaf& leaf = leaves_[id];
    visitor(leaf.stub ? std::optional(leaf.block) : std::nullopt, leaf.text);
  }
}

// --- Changing ------------------------------------------------------------------------------------

RunTree::Index& RunTree::index_of(std::uint32_t actor) {
  if (index_.size() <= actor) index_.resize(actor + 1);
  return index_[actor];
}

void RunTree::change(std::uint32_t leaf_id, std::int32_t points, std::int32_t astral) {
  auto add = [&](Sums& sums) {
    sums.points += static_cast<std::uint32_t>(points);
    sums.astral += static_cast<std::uint32_t>(astral);
  };
  add(leaves_[leaf_id].sums);
  add(total_);
  if (path_leaf_ != leaf_id) find_path(leaf_id);
  for (const Level& level : path_) add(inners_[level.node].sums[level.child]);
}

void RunTree::find_path(std::uint32_t leaf_id) {
  path_leaf_ = leaf_id;
  path_.clear();
  std::uint32_t child = leaf_id;
  for (std::uint32_t node = leaves_[leaf_id].parent; node != kNone; node = inners_[node].parent) {
    const Inner& inner = inners_[node];
    std::uint32_t i = 0;
    while (inner.children[i] != child) ++i;
    path_.push_back({node, i});
    child = node;
  }
}

void RunTree::add_run(std::uint32_t leaf_id, std::uint32_t at, const Run& run) {
  Leaf& leaf = leaves_[leaf_id];
  leaf.block = kNone;
  for (std::uint32_t i = leaf.count; i > at; --i) leaf.runs[i] = leaf.runs[i - 1];
  leaf.runs[at] = run;
  ++leaf.count;
  index_of(run.first.actor).set(run.first.number, leaf_id);
}

void RunTree::drop_run(std::uint32_t leaf_id, std::uint32_t at) {
  Leaf& leaf = leaves_[leaf_id];
  --leaf.count;
  for (std::uint32_t i = at; i < leaf.count; ++i) leaf.runs[i] = leaf.runs[i + 1];
}

// Makes two runs of one. There must be room.
std::uint32_t RunTree::split_run(Leaf& leaf, std::uint32_t leaf_id, std::uint32_t run,
                                 std::uint32_t offset) {
  Run rest = leaf.runs[run];
  rest.parent = rest.first.plus(offset - 1);
  rest.first = rest.first.plus(offset);
  rest.length = (rest.length - offset) & Run::kLengthMax;
  rest.right = 1;
  leaf.runs[run].length = offset & Run::kLengthMax;
  add_run(leaf_id, run + 1, rest);
  return run + 1;
}

void RunTree::set_forks(const Place& place) {
  Leaf& leaf = leaves_[place.leaf];
  if (leaf.runs[place.run].forks) return;
  leaf.runs[place.run].forks = 1;
  leaf.block = kNone;
}

// A change of a leaf needs at most two more runs. `place` moves with its run.
void RunTree::make_room(Place& place) {
  while (leaves_[place.leaf].count + 2 > kRuns || leaves_[place.leaf].text.size() > kTextBytes) {
    Leaf& leaf = leaves_[place.leaf];
    if (leaf.count == 1) {  // one long run: it becomes two
      const std::uint32_t length = leaf.runs[0].length;
      if (length < 2) return;
      split_run(leaf, place.leaf, 0, length / 2);
      if (place.run == 1) place.run = 2;
      if (place.run == 0 && place.offset >= length / 2)
        place = {place.leaf, 1, place.offset - length / 2};
    }
    split_leaf(place.leaf);
    const Leaf& kept = leaves_[place.leaf];
    if (place.run >= kept.count &&
        !(place.run == kept.count && place.offset == 0 && kept.next == kNone)) {
      place = {kept.next, place.run - kept.count, place.offset};
    }
  }
}

void RunTree::split_leaf(std::uint32_t leaf_id) {
  const auto fresh_id = static_cast<std::uint32_t>(leaves_.size());
  leaves_.emplace_back();
  Leaf& leaf = leaves_[leaf_id];
  Leaf& fresh = leaves_[fresh_id];
  leaf.block = kNone;
  // The cut is where half of the text is, but leaves both sides some runs when there are many.
  std::uint32_t cut = 0;
  std::uint32_t points = 0;
  while (cut + 1 < leaf.count) {
    const std::uint32_t more = leaf.runs[cut].live ? leaf.runs[cut].length : 0;
    const bool half_text = (points + more) * 2 > leaf.sums.points;
    const bool few = leaf.count > kRuns / 2 && cut < leaf.count / 4;
    const bool many = leaf.count > kRuns / 2 && cut >= leaf.count * 3 / 4;
    if (cut > 0 && ((half_text && !few) || many)) break;
    points += more;
    ++cut;
  }
  const std::size_t byte = byte_of(leaf, points);
  fresh.text = leaf.text.substr(byte);
  leaf.text.resize(byte);
  fresh.sums.points = leaf.sums.points - points;
  fresh.sums.astral = leaf.sums.astral > 0 ? count_astral(fresh.text) : 0;
  leaf.sums.points = points;
  leaf.sums.astral -= fresh.sums.astral;
  for (std::uint32_t i = cut; i < leaf.count; ++i) {
    fresh.runs[fresh.count++] = leaf.runs[i];
    index_of(leaf.runs[i].first.actor).set(leaf.runs[i].first.number, fresh_id);
  }
  leaf.count = cut;
  fresh.next = leaf.next;
  leaf.next = fresh_id;
  near_known_ = false;
  add_child(leaf.parent, leaf_id, fresh_id, true);
}

RunTree::Sums RunTree::sums_of(std::uint32_t node, bool leaf) const {
  if (leaf) return leaves_[node].sums;
  const Inner& inner = inners_[node];
  Sums sums;
  for (std::uint32_t i = 0; i < inner.count; ++i) {
    sums.points += inner.sums[i].points;
    sums.astral += inner.sums[i].astral;
  }
  return sums;
}

void RunTree::set_parent(std::uint32_t child, std::uint32_t parent, bool leaf) {
  (leaf ? leaves_[child].parent : inners_[child].parent) = parent;
}

// `child` comes behind its sibling `before`, whose sums have changed.
void RunTree::add_child(std::uint32_t parent, std::uint32_t before, std::uint32_t child,
                        bool leaves) {
  path_leaf_ = kNone;
  if (parent == kNone) {
    parent = static_cast<std::uint32_t>(inners_.size());
    Inner& top = inners_.emplace_back();
    top.over_leaves = leaves;
    top.count = 1;
    top.children[0] = before;
    set_parent(before, parent, leaves);
    root_ = parent;
    root_is_leaf_ = false;
  }
  if (inners_[parent].count == kChildren) {
    const auto fresh_id = static_cast<std::uint32_t>(inners_.size());
    inners_.emplace_back();
    Inner& full = inners_[parent];
    Inner& fresh = inners_[fresh_id];
    fresh.over_leaves = full.over_leaves;
    for (std::uint32_t i = kChildren / 2; i < kChildren; ++i) {
      fresh.children[fresh.count] = full.children[i];
      fresh.sums[fresh.count++] = full.sums[i];
      set_parent(full.children[i], fresh_id, leaves);
    }
    full.count = kChildren / 2;
    add_child(full.parent, parent, fresh_id, false);
    if ((leaves ? leaves_[before].parent : inners_[before].parent) == fresh_id) parent = fresh_id;
    // The sums of both, without `child`, are set below and by the call above.
  }
  Inner& inner = inners_[parent];
  std::uint32_t at = 0;
  while (inner.children[at] != before) ++at;
  for (std::uint32_t i = inner.count; i > at + 1; --i) {
    inner.children[i] = inner.children[i - 1];
    inner.sums[i] = inner.sums[i - 1];
  }
  ++inner.count;
  inner.children[at + 1] = child;
  set_parent(child, parent, leaves);
  inner.sums[at] = sums_of(before, leaves);
  inner.sums[at + 1] = sums_of(child, leaves);
  // The total of this node may have been computed while `before` had its old sums.
  if (inner.parent != kNone) {
    Inner& above = inners_[inner.parent];
    for (std::uint32_t i = 0; i < above.count; ++i) {
      if (above.children[i] == parent) above.sums[i] = sums_of(parent, false);
    }
  }
}

void RunTree::insert(Place place, Run run, std::string_view text) {
  CHECK(!leaves_[place.leaf].stub);
  make_room(place);
  Leaf& leaf = leaves_[place.leaf];
  leaf.block = kNone;
  const std::uint32_t point = points_before(leaf, place.run, place.offset);
  leaf.text.insert(byte_of(leaf, point), text);
  if (place.run < leaf.count && place.offset == leaf.runs[place.run].length) {
    ++place.run;
    place.offset = 0;
  }
  if (place.offset > 0) place.run = split_run(leaf, place.leaf, place.run, place.offset);
  const bool joins =
      place.run > 0 && leaf.runs[place.run - 1].live && run.continues(leaf.runs[place.run - 1]);
  if (joins) {
    leaf.runs[place.run - 1].length += run.length;
    leaf.runs[place.run - 1].forks |= run.forks;
  } else {
    add_run(place.leaf, place.run, run);
  }
  const bool ascii = text.size() == run.length;
  change(place.leaf, static_cast<std::int32_t>(run.length),
         ascii ? 0 : static_cast<std::int32_t>(count_astral(text)));
  if (near_known_ && near_leaf_ != place.leaf) near_known_ = false;
}

std::uint32_t RunTree::erase(Place place, std::uint32_t most) {
  CHECK(!leaves_[place.leaf].stub);
  make_room(place);
  Leaf& leaf = leaves_[place.leaf];
  const std::uint32_t length = std::min(most, leaf.runs[place.run].length - place.offset);
  if (!leaf.runs[place.run].live) return length;
  leaf.block = kNone;
  const std::uint32_t point = points_before(leaf, place.run, place.offset);
  const std::size_t from = byte_of(leaf, point);
  const std::size_t to =
      leaf.text.size() == leaf.sums.points ? from + length : byte_of(leaf, point + length);
  const std::uint32_t astral =
      leaf.sums.astral > 0 ? count_astral(std::string_view(leaf.text).substr(from, to - from)) : 0;
  leaf.text.erase(from, to - from);
  if (!shrink_into_neighbour(place, length)) {
    std::uint32_t run = place.run;
    if (place.offset > 0) run = split_run(leaf, place.leaf, run, place.offset);
    if (length < leaf.runs[run].length) split_run(leaf, place.leaf, run, length);
    leaf.runs[run].live = 0;
    merge_with_neighbours(place.leaf, run);
  }
  change(place.leaf, -static_cast<std::int32_t>(length), -static_cast<std::int32_t>(astral));
  if (near_known_ && near_leaf_ != place.leaf) near_known_ = false;
  return length;
}

RunTree::Place RunTree::place_to_erase(Element element) {
  Place place = of(element);
  CHECK(!leaves_[place.leaf].stub);
  if (run(place).live) make_room(place);
  return place;
}

// Moves the border between a shown run and an erased one beside it, as somebody does who erases one
// character after the other. False: there is more to do than that.
bool RunTree::shrink_into_neighbour(const Place& place, std::uint32_t length) {
  Leaf& leaf = leaves_[place.leaf];
  Run& run = leaf.runs[place.run];
  if (length == run.length) return false;
  Index& index = index_of(run.first.actor);
  if (place.offset == 0 && place.run > 0) {
    Run& before = leaf.runs[place.run - 1];
    if (before.live || !run.continues(before)) return false;
    before.length += length & Run::kLengthMax;
    before.forks |= run.forks;
    index.rename(run.first.number, run.first.number + length);
    run.first = run.first.plus(length);
    run.parent = before.last();
    run.length -= length & Run::kLengthMax;
    return true;
  }
  if (place.offset > 0 && place.offset + length == run.length && place.run + 1 < leaf.count) {
    Run& after = leaf.runs[place.run + 1];
    if (after.live || !after.continues(run)) return false;
    index.rename(after.first.number, after.first.number - length);
    run.length -= length & Run::kLengthMax;
    after.forks |= run.forks;
    after.length += length & Run::kLengthMax;
    after.first = run.last().plus(1);
    after.parent = run.last();
    return true;
  }
  return false;
}

void RunTree::merge_with_neighbours(std::uint32_t leaf_id, std::uint32_t run) {
  Leaf& leaf = leaves_[leaf_id];
  for (std::uint32_t second : {run + 1, run}) {
    if (second == 0 || second >= leaf.count) continue;
    Run& before = leaf.runs[second - 1];
    const Run& after = leaf.runs[second];
    if (before.live != after.live || !after.continues(before)) continue;
    before.forks |= after.forks;
    before.length += after.length;
    index_of(after.first.actor).remove(after.first.number);
    drop_run(leaf_id, second);
  }
}

std::size_t RunTree::runs() const {
  std::size_t runs = 0;
  for (const Leaf& leaf : leaves_) {
    runs += leaf.stub ? stored_.at(leaf.block).line.runs : leaf.count;
  }
  return runs;
}

std::size_t RunTree::bytes() const {
  std::size_t bytes = leaves_.capacity() * sizeof(Leaf) + inners_.capacity() * sizeof(Inner);
  for (const Leaf& leaf : leaves_) bytes += leaf.text.capacity();
  for (const Index& index : index_) bytes += index.bytes();
  for (const auto& [id, stored] : stored_) {
    bytes += sizeof(stored) + kMapNode + stored.line.intervals.capacity() * sizeof(Interval);
  }
  return bytes;
}

void RunTree::check() const {
  Sums sums;
  for (std::uint32_t id = first_leaf_; id != kNone; id = leaves_[id].next) {
    const Leaf& leaf = leaves_[id];
    if (leaf.stub) {
      const BlockLine& line = stored_.at(leaf.block).line;
      CHECK(leaf.count == 0 && leaf.text.empty());
      CHECK(leaf.sums.points == line.points && leaf.sums.astral == line.astral);
      for (const Interval& one : line.intervals) CHECK(leaf_of(one.first) == id);
      sums.points += line.points;
      sums.astral += line.astral;
      continue;
    }
    std::uint32_t points = 0;
    for (std::uint32_t i = 0; i < leaf.count; ++i) {
      CHECK(leaf.runs[i].length > 0);
      if (leaf.runs[i].live) points += leaf.runs[i].length;
      CHECK(index_[leaf.runs[i].first.actor].leaf_of(leaf.runs[i].first.number) == id);
    }
    CHECK(points == leaf.sums.points);
    CHECK(points == base::count_points(leaf.text));
    CHECK(leaf.sums.astral == count_astral(leaf.text));
    sums.points += points;
    sums.astral += leaf.sums.astral;
    CHECK(root_is_leaf_ || position({id, 0, 0}) + points == sums.points);
  }
  CHECK(sums.points == total_.points && sums.astral == total_.astral);
}

}  // namespace crdt
