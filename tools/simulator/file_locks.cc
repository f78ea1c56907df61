#include "tools/simulator/file_locks.h"

namespace simulation {
namespace {

constexpr int kNone = 0;
constexpr int kShared = 1;
constexpr int kReserved = 2;
constexpr int kPending = 3;
constexpr int kExclusive = 4;

std::uint32_t mask_of(int first, int count) {
  return ((1u << (first + count)) - 1) & ~((1u << first) - 1);
}

}  // namespace

int FileLocks::level_of(Holder holder) const {
  auto found = levels_.find(holder);
  return found == levels_.end() ? kNone : found->second;
}

bool FileLocks::another_above(Holder holder, int level) const {
  for (const auto& [other, held] : levels_) {
    if (other != holder && held > level) return true;
  }
  return false;
}

bool FileLocks::lock(Holder holder, int level) {
  const int held = level_of(holder);
  if (held >= level) return true;
  if (level == kShared && another_above(holder, kReserved)) return false;
  if (level >= kReserved && another_above(holder, kShared)) return false;
  if (level == kExclusive && another_above(holder, kNone)) {
    levels_[holder] = kPending;  // no new readers; ask again when the old ones have left
    return false;
  }
  levels_[holder] = level;
  return true;
}

void FileLocks::unlock(Holder holder, int level) {
  if (level_of(holder) <= level) return;
  if (level == kNone) {
    levels_.erase(holder);
  } else {
    levels_[holder] = level;
  }
}

bool FileLocks::reserved() const { return another_above(nullptr, kShared); }

void SharedMemory::join(Holder holder) { held_.try_emplace(holder); }

bool SharedMemory::leave(Holder holder) {
  held_.erase(holder);
  return held_.empty();
}

char* SharedMemory::region(std::size_t index, std::size_t bytes, bool extend) {
  while (extend && regions_.size() <= index) regions_.push_back(std::make_unique<char[]>(bytes));
  return index < regions_.size() ? regions_[index].get() : nullptr;
}

SharedMemory::Held SharedMemory::others(Holder holder) const {
  Held sum;
  for (const auto& [other, held] : held_) {
    if (other == holder) continue;
    sum.shared |= held.shared;
    sum.exclusive |= held.exclusive;
  }
  return sum;
}

bool SharedMemory::lock_shared(Holder holder, int first, int count) {
  const std::uint32_t mask = mask_of(first, count);
  if (others(holder).exclusive & mask) return false;
  held_[holder].shared |= mask;
  return true;
}

bool SharedMemory::lock_exclusive(Holder holder, int first, int count) {
  const std::uint32_t mask = mask_of(first, count);
  const Held other = others(holder);
  if ((other.exclusive | other.shared) & mask) return false;
  held_[holder].exclusive |= mask;
  return true;
}

void SharedMemory::unlock(Holder holder, int first, int count) {
  const std::uint32_t mask = mask_of(first, count);
  held_[holder].shared &= ~mask;
  held_[holder].exclusive &= ~mask;
}

}  // namespace simulation
