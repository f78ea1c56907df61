#pragma once

// A text that several agents edit at the same time. Its order is Fugue (Weidner, Kleppmann: The Art
// of the Fugue, 2023, algorithm 1): a tree in which each element is a left or a right child of
// another one; siblings stand in the order of their dots; the text is the tree from left to right.
// Concurrent runs do not interleave. An erased element keeps its place for ever. Positions count
// shown code points. A cursor that stays where it is while others edit is the dot of the element
// before it: every replica that has this element finds the same place behind it.
// A text can be opened in parts: then it has the names of its elements and an index of its blocks,
// and blocks are loaded one by one. Before anything is asked of such a text or changed in it, the
// owner runs missing() with the same question, and loads what that returns. Thread: any, one at a
// time.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/anchor.h"
#include "crdt/base/result.h"
#include "crdt/dot.h"
#include "crdt/dot_run.h"
#include "crdt/types/sequence/element_ids.h"
#include "crdt/types/sequence/run_codec.h"
#include "crdt/types/sequence/run_tree.h"
#include "crdt/types/sequence/siblings.h"
#include "crdt/types/sequence/text_run.h"

namespace crdt {

class Sequence {
 public:
  std::uint32_t size() const { return tree_.size(); }
  std::uint32_t units() const { return tree_.units(); }  // of UTF-16
  std::string text() const;                              // is_whole()

  // What an edit of our own names, without doing it: the place between `position` - 1 and
  // `position`, the place behind an element (nullopt: the text has no such element; erased ones
  // count), the dots of `count` code points.
  Anchor anchor_at(std::uint32_t position) const;
  std::optional<Anchor> anchor_behind(const Dot& element) const;
  DotRuns dots_of(std::uint32_t position, std::uint32_t count) const;
  // Those elements of the run that are shown. Nullopt: this text lacks one of the run.
  std::optional<DotRuns> shown_of(const DotRun& run) const;

  // Cursors. The element at a position, which is below size(); the position behind an element,
  // where it stands or, once it is erased, has stood (nullopt: the text has no such element).
  Dot element_at(std::uint32_t position) const;
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

  // --- Stored form: the names of the elements, blocks of runs with their shown text, and an index
  // of the blocks. A block that nothing has changed since the last fold() keeps its id.
  struct StoredBlock {
    base::Bytes skeleton;
    std::string text;
  };
  std::vector<RunTree::Block> fold(std::uint32_t& next_id, const RunTree::BlockSize& size = {});
  std::set<std::uint32_t> stored_blocks() const { return tree_.stored_blocks(); }  // ids, last fold
  // After fold(), before anything else changes.
  StoredBlock block(const RunTree::Block& block) const;
  base::Bytes index() const;
  base::Bytes names() const { return ids_.encode(); }
  // The whole text, from what names() and block() gave, the blocks in the order of fold().
  // kInvalid when they contradict each other.
  class Loader;

  // --- A text that is opened in parts.
  // Without any block yet. kInvalid: index and names contradict each other.
  static base::Result<Sequence> open(base::BytesView names, base::BytesView index);
  bool is_whole() const { return tree_.is_whole(); }
  // Runs a search, which is a function of (const Sequence&): it calls what the caller is about to
  // call, or one of the need_ functions below. Returns the blocks that it needs and that are not
  // loaded. When they are loaded it may need others, because it gets further.
  template <typename Search>
  std::set<std::uint32_t> missing(const Search& search) const {
    return tree_.missing([&] { search(*this); });
  }
  // Loads a block that missing() has named. kInvalid: it is not what the index says, and nothing
  // has changed.
  base::Status load(std::uint32_t block, base::BytesView skeleton, std::string_view text);
  // The searches of changes: apply_insert(), apply_erase(), fold(), and of reading it all.
  void need_for_insert(const Anchor& anchor, const ActorId& author) const { find(anchor, author); }
  void need_for_erase(const DotRun& run) const;
  void need_for_fold(const RunTree::BlockSize& size) const { tree_.plan_group(size); }
  void need_all() const { tree_.want_all(); }
  // The shown text, piece by piece: letters, or the id of a block that is not loaded.
  void pieces(const RunTree::Piece& visitor) const { tree_.pieces(visitor); }

  std::map<ActorId, std::uint64_t> last_seqs() const { return ids_.last_seqs(); }
  // Those of the ordered `runs` that have an element of this text.
  DotRuns met(const DotRuns& runs) const { return ids_.met(runs); }
  bool contains(const Dot& element) const { return ids_.find(element).has_value(); }
  // How often an element was inserted, erased ones included.
  std::uint64_t elements() const { return ids_.elements(); }
  std::size_t bytes() const;  // of memory, about
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
  // Where an insert of somebody goes.
  struct Target {
    Element parent;
    RunTree::Place parent_place;  // unless the parent is the start
    RunTree::Place place;
    bool forks = false;  // it comes behind the next element of the run of its parent
  };
  std::optional<Target> find(const Anchor& anchor, const ActorId& author) const;
  void place_right(Target& target, const ActorId& author) const;
  void place_left(Target& target, const ActorId& author) const;
  RunTree::Place after_subtree(Element element) const;
  RunTree::Place before_subtree(Element element) const;
  void add(RunTree::Place place, Element first, std::uint32_t length, Element parent, bool right,
           std::string_view text);
  bool has_names(const Skeleton& skeleton) const;
  bool fits_index(const Skeleton& skeleton, const BlockLine& line) const;

  ElementIds ids_;
  RunTree tree_;
  Siblings siblings_;
  // Of each block that is loaded, as of the last fold(), in order.
  std::map<std::uint32_t, std::vector<FarChild>> far_children_;
  // The last element that was inserted. It has no children yet.
  Element newest_;
};

// What somebody is about to ask of a text: a search for Sequence::missing(). It must change nothing
// and may be called several times, or not at all if nothing can be missing.
using TextNeed = std::function<void(const Sequence& text)>;

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
