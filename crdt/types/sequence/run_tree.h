#pragma once

// The elements of a text in document order, with those that are erased, as runs in a counted
// B-tree. A run is a row of elements of one actor with consecutive numbers, each the right child of
// the one before, all shown or all erased. Leaves hold the shown text of their runs in UTF-8. It
// knows nothing of the order of siblings. Positions count shown code points. Thread: any, one at a
// time.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/types/sequence/element_ids.h"

namespace crdt {

struct Run {
  static constexpr std::uint32_t kLengthMax = (1u << 29) - 1;
  Element first;
  Element parent;  // of `first`; the others have the element before them
  std::uint32_t length : 29 = 0;
  std::uint32_t right : 1 = 0;  // `first` is a right child
  std::uint32_t live : 1 = 0;   // shown
  // Some element before the last one may have a right child that comes after the whole run.
  std::uint32_t forks : 1 = 0;

  Element last() const { return first.plus(length - 1); }
  bool contains(Element element) const {
    return element.actor == first.actor && element.number - first.number < length;
  }
  // It goes on where a run that ends with `before` stops.
  bool continues(const Run& before) const {
    return first == before.last().plus(1) && right && parent == before.last();
  }
};

class RunTree {
 public:
  // Between two elements: before element `offset` of run `run` of `leaf`. `run` may be the number
  // of runs of the leaf: the end of it.
  struct Place {
    std::uint32_t leaf = 0;
    std::uint32_t run = 0;
    std::uint32_t offset = 0;
  };

  RunTree();
  std::uint32_t size() const { return total_.points; }                   // shown code points
  std::uint32_t units() const { return total_.points + total_.astral; }  // of UTF-16
  std::string text() const;
  std::string text(std::uint32_t from, std::uint32_t count) const;

  // The element at `position`, which must be below size().
  Place at(std::uint32_t position) const;
  // The place of an element that is in the tree.
  Place of(Element element) const;
  Place start() const { return {first_leaf_, 0, 0}; }
  bool is_end(const Place& place) const;
  // The same place, written as the start of the next run where there is one.
  Place normal(Place place) const;
  const Run& run(const Place& place) const { return leaves_[place.leaf].runs[place.run]; }
  void set_forks(const Place& place);
  Element element(const Place& place) const { return run(place).first.plus(place.offset); }
  // The letters of at most `most` elements of the run at `place`, which must be shown.
  std::string_view shown(const Place& place, std::uint32_t most) const;
  static Place after(Place place) { return {place.leaf, place.run, place.offset + 1}; }
  std::uint32_t position(const Place& place) const;  // of the first shown element from there on
  // Between positions and offsets in UTF-16. `unit` is at most units(), `position` at most size().
  // Nullopt: the offset is between the two units of one code point.
  std::optional<std::uint32_t> position_of_unit(std::uint32_t unit) const;
  std::uint32_t unit_of(std::uint32_t position) const;

  // Inserts a run that is shown, with its text of `run.length` code points.
  void insert(Place place, Run run, std::string_view text);
  // Marks elements as erased: those of the run at `place` from its offset on, at most `most`; all
  // of them have one state. Returns how many. The text is taken away if they were shown.
  std::uint32_t erase(Place place, std::uint32_t most);

  // --- Stored form. Neighbouring leaves make a block. A block that nothing has changed since
  // group() keeps its id.
  struct Block {
    std::uint32_t id = 0;
    std::uint32_t first = 0;   // leaf
    std::uint32_t points = 0;  // shown code points
    std::uint32_t astral = 0;
    bool changed = false;  // it must be stored
  };
  // Puts the leaves into blocks. New ids are `next_id` and above, which is raised.
  std::vector<Block> group(std::uint32_t& next_id);
  // The runs and the shown text of a block that group() returned, before anything else changes.
  struct Content {
    std::vector<Run> runs;
    std::string text;
  };
  Content content(const Block& block) const;
  // Adds a stored block behind what is there; then build(). `text` must have the code points of the
  // runs that are shown. False: it has not.
  bool append(std::uint32_t id, const std::vector<Run>& runs, std::string_view text);
  void build();

  std::size_t bytes() const;  // of memory, about
  std::size_t runs() const;
  void check() const;  // aborts when the tree contradicts itself; for tests

 private:
  static constexpr std::uint32_t kRuns = 32;        // of a leaf
  static constexpr std::uint32_t kChildren = 32;    // of an inner node
  static constexpr std::size_t kTextBytes = 1'024;  // of a leaf; above: it is split
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Sums {
    std::uint32_t points = 0;
    std::uint32_t astral = 0;  // of them those that take two units of UTF-16
  };
  struct Leaf {
    std::array<Run, kRuns> runs;
    std::uint32_t count = 0;
    std::uint32_t parent = kNone;
    std::uint32_t next = kNone;
    std::uint32_t block = kNone;  // in which it is stored as it is
    Sums sums;
    std::string text;
  };
  struct Inner {
    std::array<std::uint32_t, kChildren> children;
    std::array<Sums, kChildren> sums;
    std::uint32_t count = 0;
    std::uint32_t parent = kNone;
    bool over_leaves = true;
  };
  // Where the runs of one actor are: the leaf of each first number, in chunks.
  struct Entry {
    std::uint32_t number;
    std::uint32_t leaf;
  };
  class Index {
   public:
    void set(std::uint32_t number, std::uint32_t leaf);  // adds it or moves it to `leaf`
    void rename(std::uint32_t from, std::uint32_t to);   // no other number lies between
    void remove(std::uint32_t number);
    void fill(std::vector<Entry> entries);              // in any order
    std::uint32_t leaf_of(std::uint32_t number) const;  // of the run that begins there or before
    std::size_t bytes() const;

   private:
    std::size_t chunk_of(std::uint32_t number) const;
    std::vector<std::vector<Entry>> chunks_;
  };

  static constexpr std::size_t kBlockRuns = 1'024;
  static constexpr std::size_t kBlockText = 16'384;

  struct Segment;
  std::vector<Segment> segments() const;
  void append_run(const Run& run, std::string_view text, std::uint32_t block);
  Index& index_of(std::uint32_t actor);
  std::uint32_t split_run(Leaf& leaf, std::uint32_t leaf_id, std::uint32_t run,
                          std::uint32_t offset);
  void add_run(std::uint32_t leaf_id, std::uint32_t at, const Run& run);
  void drop_run(std::uint32_t leaf_id, std::uint32_t at);
  void make_room(Place& place);
  void split_leaf(std::uint32_t leaf_id);
  void add_child(std::uint32_t parent, std::uint32_t before, std::uint32_t child, bool leaves);
  void set_parent(std::uint32_t child, std::uint32_t parent, bool leaf);
  void change(std::uint32_t leaf_id, std::int32_t points, std::int32_t astral);
  void find_path(std::uint32_t leaf_id);
  bool shrink_into_neighbour(const Place& place, std::uint32_t length);
  Sums sums_of(std::uint32_t node, bool leaf) const;
  const Leaf& leaf_at(bool in_units, std::uint32_t& left, Sums& before) const;
  static std::size_t byte_of(const Leaf& leaf, std::uint32_t point);
  static std::uint32_t points_before(const Leaf& leaf, std::uint32_t run, std::uint32_t offset);
  void merge_with_neighbours(std::uint32_t leaf_id, std::uint32_t run);

  std::vector<Leaf> leaves_;
  std::vector<Inner> inners_;
  std::vector<Index> index_;  // by actor
  std::uint32_t root_ = 0;
  bool root_is_leaf_ = true;
  std::uint32_t first_leaf_ = 0;
  Sums total_;
  // The number of leaves of each block when it was stored.
  std::map<std::uint32_t, std::uint32_t> stored_;
  // The leaf of the last at(), and the position where it begins.
  mutable std::uint32_t near_leaf_ = 0;
  mutable std::uint32_t near_start_ = 0;
  mutable bool near_known_ = false;
  // The way from the leaf of the last change up to the root. kNone: not known.
  struct Level {
    std::uint32_t node = 0;
    std::uint32_t child = 0;
  };
  std::uint32_t path_leaf_ = kNone;
  std::vector<Level> path_;
  mutable Place last_found_;  // of the last of(); most calls ask for the same run again
};

}  // namespace crdt
