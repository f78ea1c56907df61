#pragma once

// The cells that were committed lately and do not stand in `names` and `cells` yet (an LSM
// memtable): a skip list over encoded cells, in order of key, and of one key the newest first.
// One thread inserts, any number of threads read meanwhile without a lock. Nothing is ever taken
// out; memory is freed with the whole table. An entry carries the position of its commit, so a
// reader of an older snapshot passes over what came later.

#include <array>
#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "crdt/base/bytes.h"

namespace store {

// Where a slot stands: a key of `names` and a lane.
struct CellKey {
  base::BytesView name;
  std::uint8_t lane = 0;
  auto operator<=>(const CellKey&) const = default;
};

class Memtable {
 public:
  // Has room for so many slots before its filter gets worse.
  explicit Memtable(std::size_t slots);
  ~Memtable();
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  class Entry {
   public:
    CellKey key() const { return {name(), lane_}; }
    base::BytesView name() const;
    std::uint8_t lane() const { return lane_; }
    std::int64_t position() const { return position_.load(std::memory_order_relaxed); }
    bool live() const { return live_; }  // false: the slot has no cells
    base::BytesView cells() const;       // packed (store/cell_codec.h)

   private:
    friend class Memtable;
    std::atomic<std::int64_t> position_;
    std::uint32_t name_size_;
    std::uint32_t cells_size_;
    std::uint8_t lane_;
    bool live_;
    std::uint8_t height_;

    // Behind the entry stand `height_` links, then the name, then the cells.
    using Link = std::atomic<Entry*>;
    Link* links() { return reinterpret_cast<Link*>(this + 1); }
    const Link* links() const { return reinterpret_cast<const Link*>(this + 1); }
  };

  // For one thread. `position` is above that of every kept entry. nullopt: the slot has no cells.
  void insert(CellKey key, std::int64_t position, std::optional<base::BytesView> cells);
  void keep() { fresh_.clear(); }  // what was inserted since the last call stays
  void undo();                     // what was inserted since the last keep() is seen by nobody

  // For any thread. `last`: the position of the last commit of the reader's snapshot.
  // Null: the slot is not here. With live() false it is here, and has no cells.
  const Entry* find(CellKey key, std::int64_t last) const;
  // The first entry at or behind the key, or behind all entries of a name; null: none. Of each
  // key the newest visible one is met first, then perhaps older ones.
  const Entry* seek(CellKey key, std::int64_t last) const;
  const Entry* seek_behind(base::BytesView name, std::int64_t last) const;
  const Entry* next(const Entry& entry, std::int64_t last) const;
  base::BytesView last_name() const;          // empty if there is no entry
  bool may_hold(base::BytesView name) const;  // false: no entry has this name

  std::size_t entries() const { return entries_; }  // for the thread that inserts
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr int kHeightMax = 12;
  struct Target {
    CellKey key;
    std::int64_t position;
  };
  static bool before(const Entry& entry, const Target& target);
  const Entry* first_from(const Target& target) const;
  static const Entry* visible(const Entry* entry, std::int64_t last);
  Entry* make(CellKey key, std::int64_t position, std::optional<base::BytesView> cells, int height);
  char* allocate(std::size_t bytes);
  int random_height();
  void note(base::BytesView name);

  std::atomic<int> height_{1};
  std::uint64_t random_ = 0x9e3779b97f4a7c15;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_bytes_ = 0;  // of the last block
  std::size_t block_used_ = 0;
  std::vector<Entry*> fresh_;
  // Bits by the hash of the name: a name that is not here is usually told in one step.
  std::size_t filter_words_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> filter_;
  Entry* head_;  // made last: it stands in the first block
};

}  // namespace store
