#pragma once

// The elements of a text in document order, with those that are erased, as runs in a counted
// B-tree. Leaves hold the shown text of their runs in UTF-8. It knows nothing of the order of
// siblings. Positions count shown code points. A stored block need not be loaded: then it is one
// leaf without runs, a stub, whose sums and elements are known. Thread: any, one at a time.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/types/sequence/block_index.h"
#include "crdt/types/sequence/run.h"

namespace crdt {

class RunTree {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
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
  // The shown text, piece by piece: that of a loaded leaf, or the id of a block that is not loaded.
  using Piece = std::function<void(std::optional<std::uint32_t> block, std::string_view text)>;
  void pieces(const Piece& visitor) const;

  // at(), of(), normal(), and the functions below that find something may meet a block that is not
  // loaded. That is an error in the program, except while missing() runs a search: then the block
  // is noted, and the result is a place in a stub, whose run has no elements. Returns the blocks
  // that were noted. If there are some, what the search has found means nothing.
  template <typename Search>
  std::set<std::uint32_t> missing(const Search& search) const {
    searching_ = true;
    search();
    searching_ = false;
    return std::exchange(missing_, {});
  }
  bool misses_blocks() const { return !missing_.empty(); }  // in a search
  bool is_whole() const { return stubs_ == 0; }
  void want_all() const;

  // The element at `position`, which must be below size().
  Place at(std::uint32_t position) const;
  // In a search after at(position): the shown code points from there to the end of its leaf.
  std::uint32_t left_in_leaf(std::uint32_t position) const {
    return near_start_ + leaves_[near_leaf_].sums.points - position;
  }
  // The place of an element that is in the tree.
  Place of(Element element) const;
  // How many elements from this one on are in the same run, or in the same interval of a stub.
  std::uint32_t reach_of(Element element) const;
  bool is_loaded(Element element) const { return !leaves_[leaf_of(element)].stub; }
  // The block in which an element is as of the last group(); kNone: that has changed since.
  std::uint32_t block_of(Element element) const { return leaves_[leaf_of(element)].block; }
  Place start() const { return {first_leaf_, 0, 0}; }
  bool is_end(const Place& place) const;
  // The same place, written as the start of the next run where there is one.
  Place normal(Place place) const;
  const Run& run(const Place& place) const { return leaves_[place.leaf].runs[place.run]; }
  void set_forks(const Place& place);
  // The block of this leaf must be stored again.
  void touch(std::uint32_t leaf) { leaves_[leaf].block = kNone; }
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
  // The place of an element. If it is shown, its leaf is split where that is needed, so that
  // erase() takes all that its run has from there on.
  Place place_to_erase(Element element);

  // --- Stored form. Neighbouring leaves make a block. A block that nothing has changed since
  // group() keeps its id.
  struct Block {
    std::uint32_t id = 0;
    std::uint32_t first = 0;   // leaf
    std::uint32_t points = 0;  // shown code points
    std::uint32_t astral = 0;
    bool changed = false;  // it must be stored
  };
  // Puts the leaves into blocks. New ids are `next_id` and above, which is raised. A block grows up
  // to a size.
  struct BlockSize {
    std::size_t runs = 1'024;
    std::size_t text = 16'384;  // bytes
  };
  std::vector<Block> group(std::uint32_t& next_id, const BlockSize& size);
  // A search for the blocks that group() takes apart.
  void plan_group(const BlockSize& size) const;
  std::set<std::uint32_t> stored_blocks() const;  // ids, as of the last group()
  // After group(): the blocks in document order.
  std::vector<const BlockLine*> lines() const;
  std::vector<Run> runs_of(const Block& block) const;
  // The runs and the shown text of a block that group() returned, before anything else changes.
  struct Content {
    std::vector<Run> runs;
    std::string text;
  };
  Content content(const Block& block) const;
  // Adds a stored block behind what is there; then build(). `text` must have the code points of the
  // runs that are shown. False: it has not.
  bool append(std::uint32_t id, const std::vector<Run>& runs, std::string_view text);
  // Adds a block that is not loaded.
  void append_stub(BlockLine line);
  void build();
  // The line of a block that is not loaded; null: there is none with this id.
  const BlockLine* stub(std::uint32_t block) const;
  // Loads a stub. False: runs or text are not those of its line, and nothing has changed.
  bool load(std::uint32_t block, const std::vector<Run>& runs, std::string_view text);

  std::size_t bytes() const;  // of memory, about
  std::size_t runs() const;
  void check() const;  // aborts when the tree contradicts itself; for tests

 private:
  static constexpr std::uint32_t kRuns = 32;        // of a leaf
  static constexpr std::uint32_t kChildren = 32;    // of an inner node
  static constexpr std::size_t kTextBytes = 1'024;  // of a leaf; above: it is split

  struct Sums {
    std::uint32_t points = 0;
    std::uint32_t astral = 0;  // of them those that take two units of UTF-16
    bool operator==(const Sums&) const = default;
  };
  struct Leaf {
    std::array<Run, kRuns> runs;
    std::uint32_t count = 0;
    std::uint32_t parent = kNone;
    std::uint32_t next = kNone;
    std::uint32_t block = kNone;  // in which it is stored as it is
    bool stub = false;            // it stands for the whole block
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
    // The first number behind `number`; UINT32_MAX: there is none.
    std::uint32_t next_after(std::uint32_t number) const;
    std::size_t bytes() const;

   private:
    std::size_t chunk_of(std::uint32_t number) const;
    std::vector<std::vector<Entry>> chunks_;
  };

  struct Segment;
  std::vector<Segment> segments() const;
  std::vector<Segment> groups(const BlockSize& size) const;
  Place want(std::uint32_t leaf) const;
  std::uint32_t leaf_of(Element element) const {
    return index_[element.actor].leaf_of(element.number);
  }
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
  std::uint32_t leaf_at(bool in_units, std::uint32_t& left, Sums& before) const;
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
  // The blocks as they were stored. A stub is one leaf.
  struct Stored {
    std::uint32_t leaves = 0;
    BlockLine line;
  };
  std::map<std::uint32_t, Stored> stored_;
  std::uint32_t stubs_ = 0;
  mutable bool searching_ = false;
  mutable std::set<std::uint32_t> missing_;
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
