#include "crdt/types/sequence/sequence.h"

#include <algorithm>

#include "crdt/base/bytes.h"
#include "crdt/base/check.h"
#include "crdt/types/sequence/points.h"

namespace crdt {
namespace {

constexpr std::uint32_t kPiece = 512;  // code points

}  // namespace

// The next element of the same actor, if it is the right child of `element` as typing makes it.
std::optional<Element> Sequence::successor(Element element) const {
  const Element next = element.plus(1);
  if (element.is_root() || next.number >= ids_.count(element.actor)) return std::nullopt;
  const RunTree::Place place = tree_.of(next);
  if (place.offset > 0) return next;
  const Run& run = tree_.run(place);
  if (run.right && run.parent == element) return next;
  return std::nullopt;
}

bool Sequence::has_right_child(Element element) const {
  if (element == newest_) return false;
  return siblings_.first(element, true) != Siblings::kNone || successor(element).has_value();
}

Sequence::Spot Sequence::spot_behind(const RunTree::Place& left) const {
  const Element parent = tree_.element(left);
  const RunTree::Place place = RunTree::after(left);
  const bool child = left.offset + 1 < tree_.run(left).length || has_right_child(parent);
  if (!child) return {place, parent, true};
  const RunTree::Place next = tree_.normal(place);
  return {next, tree_.element(next), false};
}

Sequence::Spot Sequence::spot_at(std::uint32_t position) const {
  if (position > 0) return spot_behind(tree_.at(position - 1));
  const RunTree::Place start = tree_.start();
  if (tree_.is_end(start)) return {start, {}, true};
  return {tree_.normal(start), tree_.element(tree_.normal(start)), false};
}

Anchor Sequence::anchor_of(const Spot& spot) const {
  Anchor anchor;
  if (!spot.parent.is_root()) anchor.parent = ids_.dot_of(spot.parent);
  anchor.right = spot.right;
  return anchor;
}

std::string Sequence::text() const {
  CHECK(is_whole());
  std::string text;
  tree_.pieces([&](std::optional<std::uint32_t>, std::string_view piece) { text += piece; });
  return text;
}

std::size_t Sequence::bytes() const {
  std::size_t bytes = ids_.bytes() + tree_.bytes() + siblings_.bytes();
  for (const auto& [block, children] : far_children_) {
    bytes += sizeof(children) + children.capacity() * sizeof(FarChild);
  }
  return bytes;
}

Anchor Sequence::anchor_at(std::uint32_t position) const { return anchor_of(spot_at(position)); }

std::optional<Anchor> Sequence::anchor_behind(const Dot& element) const {
  const auto known = ids_.find(element);
  if (!known) return std::nullopt;
  return anchor_of(spot_behind(tree_.of(*known)));
}

Dot Sequence::element_at(std::uint32_t position) const {
  const Element element = tree_.element(tree_.at(position));
  return tree_.misses_blocks() ? Dot() : ids_.dot_of(element);
}

std::optional<std::uint32_t> Sequence::position_behind(const Dot& element) const {
  const auto known = ids_.find(element);
  if (!known) return std::nullopt;
  return tree_.position(RunTree::after(tree_.of(*known)));
}

Anchor Sequence::insert(std::uint32_t position, const Dot& first, std::string_view text) {
  const Spot spot = spot_at(position);
  const Anchor anchor = anchor_of(spot);
  const auto length = static_cast<std::uint32_t>(base::count_points(text));
  add(spot.place, ids_.add(first, length), length, spot.parent, spot.right, text);
  return anchor;
}

void Sequence::add(RunTree::Place place, Element first, std::uint32_t length, Element parent,
                   bool right, std::string_view text) {
  Run run;
  run.first = first;
  run.parent = parent;
  run.right = right ? 1 : 0;
  run.live = 1;
  const bool continues = run.follows();
  if (!continues) siblings_.add(parent, right, first, ids_);
  // The children that its parent has already come after it and all that follows it.
  const bool has_children = parent != newest_ && siblings_.first(parent, true) != Siblings::kNone;
  if (continues && has_children) run.forks = 1;
  // A long text comes in pieces, so that no leaf becomes large.
  while (length > kPiece) {
    run.length = kPiece;
    const std::size_t bytes = bytes_of_points(text, kPiece);
    tree_.insert(place, run, text.substr(0, bytes));
    text.remove_prefix(bytes);
    length -= kPiece;
    place = RunTree::after(tree_.of(run.last()));
    run.parent = run.last();
    run.first = run.parent.plus(1);
    run.right = 1;
    run.forks = 0;
  }
  run.length = length & Run::kLengthMax;
  tree_.insert(place, run, text);
  newest_ = run.last();
}

// The dots of `count` elements from `element` on.
void Sequence::append_runs(Element element, std::uint32_t count, DotRuns& runs) const {
  while (count > 0) {
    runs.push_back(ids_.run_of(element, count));
    const std::uint32_t part = runs.back().count * runs.back().changes;
    element = element.plus(part);
    count -= part;
  }
}

DotRuns Sequence::dots_of(std::uint32_t position, std::uint32_t count) const {
  DotRuns runs;
  for (std::uint32_t done = 0; done < count;) {
    const RunTree::Place place = tree_.at(position + done);
    if (tree_.misses_blocks()) {  // goes on, to name all blocks that are missing
      done += tree_.left_in_leaf(position + done);
      continue;
    }
    const std::uint32_t part = std::min(count - done, tree_.run(place).length - place.offset);
    append_runs(tree_.element(place), part, runs);
    done += part;
  }
  return ordered_runs(std::move(runs));
}

DotRuns Sequence::erase(std::uint32_t position, std::uint32_t count) {
  DotRuns erased;
  while (count > 0) {
    const RunTree::Place place = tree_.at(position);
    const Element element = tree_.element(place);
    const std::uint32_t done = tree_.erase(place, count);
    count -= done;
    append_runs(element, done, erased);
  }
  return ordered_runs(std::move(erased));
}

bool Sequence::apply_insert(const Anchor& anchor, const Dot& first, std::string_view text) {
  const auto target = find(anchor, first.actor);
  if (!target) return false;
  if (target->forks) tree_.set_forks(target->parent_place);
  // Its block names this child if the child is in another one.
  const bool far = !target->parent.is_root() && target->parent_place.leaf != target->place.leaf;
  if (far) tree_.touch(target->parent_place.leaf);
  const auto length = static_cast<std::uint32_t>(base::count_points(text));
  add(target->place, ids_.add(first, length), length, target->parent, anchor.right, text);
  return true;
}

std::optional<Sequence::Target> Sequence::find(const Anchor& anchor, const ActorId& author) const {
  Target target;
  if (anchor.parent) {
    const auto found = ids_.find(*anchor.parent);
    if (!found) return std::nullopt;
    target.parent = *found;
    target.parent_place = tree_.of(*found);
  } else if (!anchor.right) {
    return std::nullopt;
  }
  anchor.right ? place_right(target, author) : place_left(target, author);
  return target;
}

// Behind the whole subtree of `element`: behind its last right child, and so on.
RunTree::Place Sequence::after_subtree(Element element) const {
  for (;;) {
    const RunTree::Place place = tree_.of(element);
    if (tree_.misses_blocks()) return place;
    const Run& run = tree_.run(place);
    const std::uint32_t steps = run.length - place.offset;
    std::optional<Element> last;
    for (std::uint32_t i = run.forks ? 0 : steps - 1; i < steps && !last; ++i) {
      const Element one = element.plus(i);
      std::uint32_t link = siblings_.first(one, true);
      if (link == Siblings::kNone) continue;
      while (siblings_.next(link) != Siblings::kNone) link = siblings_.next(link);
      last = siblings_.element(link);
      const auto next = successor(one);
      if (next && ids_.less(*last, *next)) last.reset();  // the run itself is the last child
    }
    if (!last) last = successor(run.last());
    if (!last) return {place.leaf, place.run, run.length};
    element = *last;
  }
}

RunTree::Place Sequence::before_subtree(Element element) const {
  for (;;) {
    const RunTree::Place place = tree_.of(element);
    const std::uint32_t link = siblings_.first(element, false);
    if (tree_.misses_blocks() || link == Siblings::kNone) return place;
    element = siblings_.element(link);
  }
}

void Sequence::place_right(Target& target, const ActorId& author) const {
  const Element parent = target.parent;
  if (!parent.is_root()) target.place = RunTree::after(target.parent_place);
  if (parent == newest_ && !parent.is_root()) return;
  std::optional<Element> before;  // the last sibling that comes before the new element
  std::uint32_t link = siblings_.first(parent, true);
  for (; link != Siblings::kNone && ids_.before_new_of(author, siblings_.element(link));
       link = siblings_.next(link)) {
    before = siblings_.element(link);
  }
  const auto next = successor(parent);
  if (next && ids_.before_new_of(author, *next)) {
    if (!before || ids_.less(*before, *next)) before = next;
    target.forks = true;  // also if the runs of both are one only later
  }
  if (before) {
    target.place = after_subtree(*before);
  } else if (parent.is_root()) {
    target.place = tree_.normal(tree_.start());
  }
}

void Sequence::place_left(Target& target, const ActorId& author) const {
  std::uint32_t link = siblings_.first(target.parent, false);
  while (link != Siblings::kNone && ids_.before_new_of(author, siblings_.element(link))) {
    link = siblings_.next(link);
  }
  target.place =
      link == Siblings::kNone ? target.parent_place : before_subtree(siblings_.element(link));
}

void Sequence::need_for_erase(const DotRun& run) const {
  for (const ElementIds::Stretch& found : ids_.in(run)) {
    std::uint32_t done = 0;
    while (done < found.count) {
      const std::uint32_t reach = tree_.reach_of(found.first.plus(done));
      if (reach >= found.count - done) break;
      done += reach;
    }
  }
}

void Sequence::apply_erase(const DotRun& run, std::vector<TextRun>* erased) {
  for (const ElementIds::Stretch& found : ids_.in(run)) {
    for (std::uint32_t done = 0; done < found.count;) {
      const RunTree::Place place = tree_.place_to_erase(found.first.plus(done));
      const Run& hit = tree_.run(place);
      const std::uint32_t part = std::min(found.count - done, hit.length - place.offset);
      if (hit.live) {
        if (erased) append(place, part, *erased);
        tree_.erase(place, part);
      }
      done += part;
    }
  }
}

std::optional<DotRuns> Sequence::shown_of(const DotRun& run) const {
  std::uint64_t known = 0;
  DotRuns shown;
  for (const ElementIds::Stretch& found : ids_.in(run)) {
    known += found.count;
    for (std::uint32_t done = 0; done < found.count;) {
      const Element element = found.first.plus(done);
      const RunTree::Place place = tree_.of(element);
      const Run& hit = tree_.run(place);
      const std::uint32_t part = std::min(found.count - done, hit.length - place.offset);
      if (hit.live) append_runs(element, part, shown);
      done += part;
    }
  }
  if (known != std::uint64_t{run.count} * run.changes) return std::nullopt;
  return shown;
}

void Sequence::append(const RunTree::Place& place, std::uint32_t count,
                      std::vector<TextRun>& runs) const {
  const Run& run = tree_.run(place);
  Element parent = place.offset > 0 ? run.first.plus(place.offset - 1) : run.parent;
  bool right = place.offset > 0 || run.right;
  std::string_view text = run.live ? tree_.shown(place, count) : std::string_view();
  Element element = tree_.element(place);
  while (count > 0) {
    TextRun& next = runs.emplace_back();
    next.dots = ids_.run_of(element, count);
    if (!parent.is_root()) next.anchor.parent = ids_.dot_of(parent);
    next.anchor.right = right;
    next.live = run.live;
    const std::uint32_t part = next.size();
    if (run.live) {
      const std::size_t bytes = bytes_of_points(text, part);
      next.text = text.substr(0, bytes);
      text.remove_prefix(bytes);
    }
    parent = element.plus(part - 1);
    right = true;
    element = element.plus(part);
    count -= part;
  }
}

void Sequence::visit(const std::optional<Dot>& after,
                     const std::function<bool(const TextRun& run)>& visitor) const {
  RunTree::Place place = tree_.start();
  if (after) {
    const auto element = ids_.find(*after);
    if (!element) return;
    place = RunTree::after(tree_.of(*element));
  }
  std::vector<TextRun> runs;
  for (place = tree_.normal(place); !tree_.is_end(place); place = tree_.normal(place)) {
    const std::uint32_t length = tree_.run(place).length;
    runs.clear();
    append(place, length - place.offset, runs);
    for (const TextRun& run : runs) {
      if (!visitor(run)) return;
    }
    place.offset = length;
  }
}

}  // namespace crdt
