#include "crdt/packed_vector.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "crdt/base/bytes.h"
#include "crdt/digest.h"

namespace crdt {
namespace {

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// Sorts by the first eight bytes, which nearly always differ, and by the rest where they are equal.
std::vector<std::uint64_t> places_in_order(const std::vector<ActorId>& actors) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> keys;
  keys.reserve(actors.size());
  for (std::size_t place = 0; place < actors.size(); ++place) {
    keys.emplace_back(base::read_be64(actors[place].view().data()), place);
  }
  std::sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : actors[a.second] < actors[b.second];
  });
  std::vector<std::uint64_t> places;
  places.reserve(keys.size());
  for (const auto& [key, place] : keys) places.push_back(place);
  return places;
}

}  // namespace

std::shared_ptr<const PackedVector> PackedVector::of(const std::vector<Entry>& entries,
                                                     const PackedVector* former,
                                                     std::optional<std::uint64_t> half) {
  std::shared_ptr<PackedVector> vector(new PackedVector(entries, former));
  vector->half_ = half.value_or(0);
  for (const Entry& entry : entries) {
    if (!half && entry.head.seq > 0) vector->half_ += vector_element(entry.actor, entry.head).low;
  }
  return vector;
}

PackedVector::PackedVector(const std::vector<Entry>& entries, const PackedVector* former)
    : serial_(next_serial()) {
  actors_.reserve(entries.size());
  hashes_.reserve(entries.size());
  std::vector<std::uint64_t> numbers;
  numbers.reserve(entries.size());
  for (const Entry& entry : entries) {
    actors_.push_back(entry.actor);
    hashes_.push_back(entry.head.hash);
    numbers.push_back(entry.head.seq);
  }
  seqs_ = PackedNumbers(numbers);
  for (std::size_t i = 0; i < entries.size(); ++i) numbers[i] = entries[i].number - i;
  skipped_ = PackedNumbers(numbers);
  order_ = PackedNumbers(places_in_order(actors_));
  if (former == nullptr) return;
  follows_ = former->serial_;
  for (const Entry& entry : entries) {
    if (former->head_of(entry.actor) != entry.head) differences_.push_back(entry.actor);
  }
  for (const ActorId& actor : former->actors_) {
    if (!contains(actor)) differences_.push_back(actor);
  }
  differences_.shrink_to_fit();
}

PackedVector::Entry PackedVector::at(std::size_t place) const {
  return {number_at(place), actor_at(place), head_at(place)};
}

std::size_t PackedVector::first_from(const ActorId& actor) const {
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (actors_[in_order(middle)] < actor) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<std::size_t> PackedVector::find(const ActorId& actor) const {
  const std::size_t nth = first_from(actor);
  if (nth == size()) return std::nullopt;
  const std::size_t place = in_order(nth);
  if (actors_[place] != actor) return std::nullopt;
  return place;
}

std::optional<std::size_t> PackedVector::find_number(std::uint64_t number) const {
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (number_at(middle) < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == size() || number_at(low) != number) return std::nullopt;
  return low;
}

Head PackedVector::head_of(const ActorId& actor) const {
  const auto place = find(actor);
  return place ? head_at(*place) : Head{};
}

}  // namespace crdt
