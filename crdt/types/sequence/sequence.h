#pragma once

// A text that several agents edit at the same time. Its order is Fugue (Weidner, Kleppmann: The Art
// of the Fugue, 2023, algorithm 1): a tree in which each element is a left or a right child of
// another one; siblings stand in the order of their dots; the text is the tree from left to right.
// Concurrent runs do not interleave. An erased element keeps its place for ever. Positions count
// shown code points. A cursor that stays where it is while others edit is the dot of the element
// before it: every replica that has this element finds the same place behind it. Thread: any, one
// at a time.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/anchor.h"
#include "crdt/base/result.h"
#include "crdt/dot.h"
#include "crdt/dot_run.h"
#include "crdt/types/sequence/element_ids.h"
#include "crdt/types/sequence/run_tree.h"
#include "crdt/types/sequence/siblings.h"
#include "crdt/types/sequence/text_run.h"

namespace crdt {

class Sequence {
 public:
  std::uint32_t size() const { return tree_.size(); }
  std::uint32_t units() const { return tree_.units(); }  // of UTF-16
  std::string text() const { return tree_.text(); }

  // What an edit of our own names, without doing it: the place between `position` - 1 and
  // `position`, the place behind an element (nullopt: the text has no such element; erased ones
  // count), the dots of `count` code points.
  Anchor anchor_at(std::uint32_t position) const;
  std::optional<Anchor> anchor_behind(const Dot& element) const;
  DotRuns dots_of(std::uint32_t position, std::uint32_t count) const;

  // Cursors. The element at a position, which is below size(); the position behind an element,
  // where it stands or, once it is erased, has stood (nullopt: the text has no such element).
  Dot element_at(std::uint32_t position) const {
    return ids_.dot_of(tree_.element(tree_.at(position)));
  }
  std::optional<std::uint32_t> position_behind(const Dot& element) const;
  // Between positions and offsets in UTF-16. `unit` is at most units(), `position` at most size().
  // Nullopt: the offset is between the two units of one code point.
  std::optional<std::uint32_t> position_of_unit(std::uint32_t unit) const {
    return tree_.position_of_unit(unit);
  }
  std::uint32_t unit_of(std::uint32_t position) const { return tree_.unit_of(position); }

  // An edit of our own. `position` and `position + count` are at most size(). `text` is valid UTF-8
  // and not empty; `first` is its first dot, the others follow it.
  Anchor insert(std::uint32_t position, const Dot& first, std::string_view text);
  DotRuns erase(std::uint32_t position, std::uint32_t count);

  // An edit of anybody, whose causes are applied. False: an anchor that this text does not have.
  bool apply_insert(const Anchor& anchor, const Dot& first, std::string_view text);
  // Erases the elements of the run that this text has; the others are no error. Those that were
  // shown are added to `erased`, as they were.
  void apply_erase(const DotRun& run, std::vector<TextRun>* erased = nullptr);
  // The elements in document order, behind the element `after` (nullopt: from the first; one that
  // is not there: none), until the visitor returns false.
  void visit(const std::optional<Dot>& after,
             const std::function<bool(const TextRun& run)>& visitor) const;

  // --- Stored form: the names of the elements, and blocks of runs with their shown text. A block
  // that nothing has changed since the last fold() keeps its id.
  struct StoredBlock {
    base::Bytes skeleton;
    std::string text;
  };
  std::vector<RunTree::Block> fold(std::uint32_t& next_id) { return tree_.group(next_id); }
  StoredBlock block(const RunTree::Block& block) const;
  base::Bytes names() const { return ids_.encode(); }
  // From what names() and block() gave, the blocks in the order of fold(). kInvalid when they
  // contradict each other.
  class Loader;

  std::map<ActorId, std::uint64_t> last_seqs() const { return ids_.last_seqs(); }
  bool contains(const Dot& element) const { return ids_.find(element).has_value(); }
  // How often an element was inserted, erased ones included.
  std::uint64_t elements() const { return ids_.elements(); }
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
  // The runs of `count` elements of one run from `place` on.
  void append(const RunTree::Place& place, std::uint32_t count, std::vector<TextRun>& runs) const;
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
  // The last element that was inserted. It has no children yet.
  Element newest_;
};

// Puts a text together from its stored form.
class Sequence::Loader {
 public:
  static base::Result<Loader> begin(base::BytesView names);
  base::Status add(std::uint32_t id, base::BytesView skeleton, std::string_view text);
  base::Result<Sequence> finish();

 private:
  Sequence text_;
  std::vector<std::uint64_t> elements_;  // of each actor, in the blocks so far
  std::vector<Run> children_;            // that typing did not make
};

}  // namespace crdt
