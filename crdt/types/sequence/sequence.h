#pragma once

// A text that several agents edit at the same time. Its order is Fugue (Weidner, Kleppmann: The Art
// of the Fugue, 2023, algorithm 1): a tree in which each element is a left or a right child of
// another one; siblings stand in the order of their dots; the text is the tree from left to right.
// Concurrent runs do not interleave. An erased element keeps its place for ever. Positions count
// shown code points. Thread: any, one at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/anchor.h"
#include "crdt/dot.h"
#include "crdt/dot_run.h"
#include "crdt/types/sequence/element_ids.h"
#include "crdt/types/sequence/run_tree.h"
#include "crdt/types/sequence/siblings.h"

namespace crdt {

class Sequence {
 public:
  std::uint32_t size() const { return tree_.size(); }
  std::uint32_t units() const { return tree_.units(); }
  std::string text() const { return tree_.text(); }

  // What an edit of our own names, without doing it: the place between `position` - 1 and
  // `position`, the place behind an element (nullopt: the text has no such element; erased ones
  // count), the dots of `count` code points.
  Anchor anchor_at(std::uint32_t position) const;
  std::optional<Anchor> anchor_behind(const Dot& element) const;
  DotRuns dots_of(std::uint32_t position, std::uint32_t count) const;

  // An edit of our own. `position` and `position + count` are at most size(). `text` is valid UTF-8
  // and not empty; `first` is its first dot, the others follow it.
  Anchor insert(std::uint32_t position, const Dot& first, std::string_view text);
  DotRuns erase(std::uint32_t position, std::uint32_t count);

  // An edit of anybody, whose causes are applied. False: an anchor that this text does not have.
  bool apply_insert(const Anchor& anchor, const Dot& first, std::string_view text);
  // Erases the elements of the run that this text has; the others are no error.
  void apply_erase(const DotRun& run);

  std::size_t bytes() const { return ids_.bytes() + tree_.bytes() + siblings_.bytes(); }
  std::size_t runs() const { return tree_.runs(); }
  void check() const { tree_.check(); }

 private:
  // A place between two elements, and the tree position that an insert there takes.
  struct Spot {
    RunTree::Place place;
    Element parent;
    bool right = true;
  };
  Spot spot_at(std::uint32_t position) const;
  Spot spot_behind(const RunTree::Place& left) const;
  Anchor anchor_of(const Spot& spot) const;
  void append_runs(Element element, std::uint32_t count, DotRuns& runs) const;
  bool has_right_child(Element element) const;
  std::optional<Element> successor(Element element) const;
  RunTree::Place place_right(Element parent, Element fresh);
  RunTree::Place place_left(Element parent, Element fresh) const;
  RunTree::Place after_subtree(Element element) const;
  RunTree::Place before_subtree(Element element) const;
  void add(RunTree::Place place, Element first, std::uint32_t length, Element parent, bool right,
           std::string_view text);

  ElementIds ids_;
  RunTree tree_;
  Siblings siblings_;
};

}  // namespace crdt
