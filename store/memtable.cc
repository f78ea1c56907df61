#include "store/memtable.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>

#include "crdt/base/hash.h"

namespace store {
namespace {

constexpr std::size_t kBlockFirst = 4'096;
constexpr std::size_t kBlockMax = 256u << 10;
constexpr std::size_t kFilterBitsOfASlot = 16;
// Of an entry that was undone: above the position of every snapshot.
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::size_t filter_words(std::size_t slots) {
  return std::max<std::size_t>(1, std::bit_ceil(slots * kFilterBitsOfASlot) / 64);
}

}  // namespace

base::BytesView Memtable::Entry::name() const {
  return {reinterpret_cast<const char*>(links() + height_), name_size_};
}

base::BytesView Memtable::Entry::cells() const {
  return {reinterpret_cast<const char*>(links() + height_) + name_size_, cells_size_};
}

Memtable::Memtable(std::size_t slots)
    : filter_words_(filter_words(slots)),
      filter_(std::make_unique<std::atomic<std::uint64_t>[]>(filter_words_)),
      head_(make({}, 0, std::nullopt, kHeightMax)) {
  entries_ = 0;
}

Memtable::~Memtable() = default;

void Memtable::insert(CellKey key, std::int64_t position, std::optional<base::BytesView> cells) {
  std::array<Entry*, kHeightMax> before_it;
  const Target target{key, position};
  Entry* at = head_;
  const int known = height_.load(std::memory_order_relaxed);
  for (int level = known - 1; level >= 0; --level) {
    for (;;) {
      Entry* next = at->links()[level].load(std::memory_order_relaxed);
      if (!next || !before(*next, target)) break;
      at = next;
    }
    before_it[static_cast<std::size_t>(level)] = at;
  }
  const int height = random_height();
  for (int level = known; level < height; ++level) {
    before_it[static_cast<std::size_t>(level)] = head_;
  }
  note(key.name);
  Entry* entry = make(key, position, cells, height);
  for (int level = 0; level < height; ++level) {
    Entry* previous = before_it[static_cast<std::size_t>(level)];
    entry->links()[level].store(previous->links()[level].load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
    // A reader that comes over this pointer sees the whole entry.
    previous->links()[level].store(entry, std::memory_order_release);
  }
  if (height > known) height_.store(height, std::memory_order_relaxed);
  fresh_.push_back(entry);
}

// It was the newest of its key, and stays the first there with a higher position.
void Memtable::undo() {
  for (Entry* entry : fresh_) entry->position_.store(kNever, std::memory_order_relaxed);
  fresh_.clear();
}

const Memtable::Entry* Memtable::find(CellKey key, std::int64_t last) const {
  if (!may_hold(key.name)) return nullptr;
  const Entry* entry = first_from({key, last});
  return entry && entry->key() == key ? entry : nullptr;
}

const Memtable::Entry* Memtable::seek(CellKey key, std::int64_t last) const {
  return visible(first_from({key, last}), last);
}

const Memtable::Entry* Memtable::seek_behind(base::BytesView name, std::int64_t last) const {
  constexpr std::uint8_t kLastLane = std::numeric_limits<std::uint8_t>::max();
  return visible(first_from({{name, kLastLane}, 0}), last);
}

const Memtable::Entry* Memtable::next(const Entry& entry, std::int64_t last) const {
  return visible(entry.links()[0].load(std::memory_order_acquire), last);
}

const Memtable::Entry* Memtable::visible(const Entry* entry, std::int64_t last) {
  while (entry && entry->position() > last)
    entry = entry->links()[0].load(std::memory_order_acquire);
  return entry;
}

bool Memtable::before(const Entry& entry, const Target& target) {
  const auto order = entry.key() <=> target.key;
  return order != 0 ? order < 0 : entry.position() > target.position;
}

const Memtable::Entry* Memtable::first_from(const Target& target) const {
  const Entry* at = head_;
  const Entry* next = nullptr;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    for (;;) {
      next = at->links()[level].load(std::memory_order_acquire);
      if (!next || !before(*next, target)) break;
      at = next;
    }
  }
  return next;
}

base::BytesView Memtable::last_name() const {
  const Entry* at = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    while (const Entry* next = at->links()[level].load(std::memory_order_acquire)) at = next;
  }
  return at->name();
}

bool Memtable::may_hold(base::BytesView name) const {
  const std::uint64_t hash = base::row_checksum(name);
  const std::uint64_t word = filter_[hash & (filter_words_ - 1)].load(std::memory_order_relaxed);
  const std::uint64_t bits = 1ull << (hash >> 58) | 1ull << (hash >> 52 & 63);
  return (word & bits) == bits;
}

void Memtable::note(base::BytesView name) {
  const std::uint64_t hash = base::row_checksum(name);
  const std::uint64_t bits = 1ull << (hash >> 58) | 1ull << (hash >> 52 & 63);
  filter_[hash & (filter_words_ - 1)].fetch_or(bits, std::memory_order_relaxed);
}

Memtable::Entry* Memtable::make(CellKey key, std::int64_t position,
                                std::optional<base::BytesView> cells, int height) {
  const std::size_t links = static_cast<std::size_t>(height) * sizeof(Entry::Link);
  const std::size_t content = key.name.size() + (cells ? cells->size() : 0);
  char* room = allocate(sizeof(Entry) + links + content);
  Entry* entry = new (room) Entry;
  entry->position_.store(position, std::memory_order_relaxed);
  entry->name_size_ = static_cast<std::uint32_t>(key.name.size());
  entry->cells_size_ = static_cast<std::uint32_t>(cells ? cells->size() : 0);
  entry->lane_ = key.lane;
  entry->live_ = cells.has_value();
  entry->height_ = static_cast<std::uint8_t>(height);
  for (int level = 0; level < height; ++level) {
    new (&entry->links()[level]) Entry::Link(nullptr);
  }
  char* bytes = reinterpret_cast<char*>(entry->links() + height);
  if (!key.name.empty()) std::memcpy(bytes, key.name.data(), key.name.size());
  if (cells && !cells->empty()) {
    std::memcpy(bytes + key.name.size(), cells->data(), cells->size());
  }
  ++entries_;
  return entry;
}

char* Memtable::allocate(std::size_t bytes) {
  bytes = (bytes + alignof(Entry) - 1) / alignof(Entry) * alignof(Entry);
  if (block_used_ + bytes > block_bytes_) {
    const std::size_t grown = std::min(std::max(kBlockFirst, block_bytes_ * 2), kBlockMax);
    block_bytes_ = std::max(grown, bytes);
    blocks_.push_back(std::make_unique<char[]>(block_bytes_));
    block_used_ = 0;
  }
  char* room = blocks_.back().get() + block_used_;
  block_used_ += bytes;
  bytes_ += bytes;
  return room;
}

// One entry in four is a level higher than its neighbours (Pugh 1990).
int Memtable::random_height() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  int height = 1;
  for (std::uint64_t bits = random_; height < kHeightMax && (bits & 3) == 0; bits >>= 2) ++height;
  return height;
}

}  // namespace store
