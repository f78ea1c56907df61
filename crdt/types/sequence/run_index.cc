// Where the runs of one actor are: sorted numbers in chunks.

#include <algorithm>
#include <numeric>

#include "crdt/types/sequence/run_tree.h"

namespace crdt {
namespace {

constexpr std::size_t kChunk = 256;   // entries; a full chunk becomes two
constexpr std::size_t kFilled = 192;  // entries of a chunk of an index that is filled at once

constexpr std::size_t kFew = 256;  // entries: sorting them by comparison is as fast

// By number, digit after digit: a text that is loaded has many thousands.
template <typename Entry>
void sort_by_number(std::vector<Entry>& entries) {
  const auto less = [](const Entry& a, const Entry& b) { return a.number < b.number; };
  if (entries.size() < kFew) return std::sort(entries.begin(), entries.end(), less);
  constexpr std::uint32_t kBits = 11;
  constexpr std::uint32_t kDigits = 1u << kBits;
  const std::uint32_t most = std::max_element(entries.begin(), entries.end(), less)->number;
  std::vector<Entry> sorted(entries.size());
  for (std::uint32_t shift = 0; shift < 32 && (most >> shift) > 0; shift += kBits) {
    std::array<std::size_t, kDigits + 1> starts = {};
    for (const Entry& entry : entries) ++starts[((entry.number >> shift) & (kDigits - 1)) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    for (const Entry& entry : entries) {
      sorted[starts[(entry.number >> shift) & (kDigits - 1)]++] = entry;
    }
    entries.swap(sorted);
  }
}

}  // namespace

std::size_t RunTree::Index::chunk_of(std::uint32_t number) const {
  const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), number,
                                      [](std::uint32_t one, const std::vector<Entry>& chunk) {
                                        return one < chunk.front().number;
                                      });
  return after == chunks_.begin() ? 0 : static_cast<std::size_t>(after - chunks_.begin()) - 1;
}

void RunTree::Index::set(std::uint32_t number, std::uint32_t leaf) {
  if (chunks_.empty()) {
    chunks_.push_back({{number, leaf}});
    return;
  }
  const std::size_t at = chunk_of(number);
  std::vector<Entry>& chunk = chunks_[at];
  auto entry =
      std::lower_bound(chunk.begin(), chunk.end(), number,
                       [](const Entry& one, std::uint32_t wanted) { return one.number < wanted; });
  if (entry != chunk.end() && entry->number == number) {
    entry->leaf = leaf;
    return;
  }
  const bool append = entry == chunk.end() && at + 1 == chunks_.size();
  chunk.insert(entry, {number, leaf});
  if (chunk.size() < kChunk) return;
  // A row that only grows at its end leaves full chunks behind.
  const auto half = append ? chunk.size() - 1 : chunk.size() / 2;
  std::vector<Entry> rest(chunk.begin() + static_cast<std::ptrdiff_t>(half), chunk.end());
  chunk.resize(half);
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(rest));
}

void RunTree::Index::rename(std::uint32_t from, std::uint32_t to) {
  std::vector<Entry>& chunk = chunks_[chunk_of(from)];
  auto entry =
      std::lower_bound(chunk.begin(), chunk.end(), from,
                       [](const Entry& one, std::uint32_t wanted) { return one.number < wanted; });
  entry->number = to;
}

void RunTree::Index::remove(std::uint32_t number) {
  const std::size_t at = chunk_of(number);
  std::vector<Entry>& chunk = chunks_[at];
  chunk.erase(
      std::lower_bound(chunk.begin(), chunk.end(), number,
                       [](const Entry& one, std::uint32_t wanted) { return one.number < wanted; }));
  if (chunk.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
}

void RunTree::Index::fill(std::vector<Entry> entries) {
  sort_by_number(entries);
  chunks_.clear();
  for (std::size_t from = 0; from < entries.size(); from += kFilled) {
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end =
        entries.begin() + static_cast<std::ptrdiff_t>(std::min(entries.size(), from + kFilled));
    chunks_.emplace_back(begin, end);
  }
}

std::uint32_t RunTree::Index::leaf_of(std::uint32_t number) const {
  const std::vector<Entry>& chunk = chunks_[chunk_of(number)];
  auto after =
      std::upper_bound(chunk.begin(), chunk.end(), number,
                       [](std::uint32_t wanted, const Entry& one) { return wanted < one.number; });
  return after == chunk.begin() ? after->leaf : std::prev(after)->leaf;
}

std::uint32_t RunTree::Index::next_after(std::uint32_t number) const {
  const std::size_t at = chunk_of(number);
  const std::vector<Entry>& chunk = chunks_[at];
  const auto after =
      std::upper_bound(chunk.begin(), chunk.end(), number,
                       [](std::uint32_t wanted, const Entry& one) { return wanted < one.number; });
  if (after != chunk.end()) return after->number;
  return at + 1 < chunks_.size() ? chunks_[at + 1].front().number : UINT32_MAX;
}

std::size_t RunTree::Index::bytes() const {
  std::size_t bytes = chunks_.capacity() * sizeof(std::vector<Entry>);
  for (const auto& chunk : chunks_) bytes += chunk.capacity() * sizeof(Entry);
  return bytes;
}

}  // namespace crdt
