#include "crdt/version_vector.h"

#include <limits>

namespace crdt {

std::uint64_t VersionVector::seq_of(const ActorId& actor) const { return head_of(actor).seq; }

Head VersionVector::head_of(const ActorId& actor) const {
  auto found = entries_.find(actor);
  return found == entries_.end() ? Head{} : found->second;
}

bool VersionVector::covers(const VersionVector& other) const {
  for (const auto& [actor, head] : other.entries_) {
    if (!covers(actor, head.seq)) return false;
  }
  return true;
}

void VersionVector::set(const ActorId& actor, Head head) {
  if (head.seq == 0) {
    entries_.erase(actor);
  } else {
    entries_.insert_or_assign(actor, head);
  }
}

VersionVector::Entries VersionVector::ahead_in(const VersionVector& newer) const {
  Entries ahead;
  for (const auto& [actor, head] : newer.entries_) {
    if (!covers(actor, head.seq)) ahead.emplace_hint(ahead.end(), actor, head);
  }
  return ahead;
}

std::uint64_t VersionVector::lag_behind(const VersionVector& newer) const {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t lag = 0;
  for (const auto& [actor, head] : newer.entries_) {
    std::uint64_t ours = seq_of(actor);
    if (head.seq <= ours) continue;
    // A peer may claim any number, so the sum stops at the largest value instead of wrapping round
    // to "no lag".
    std::uint64_t missing = head.seq - ours;
    lag = missing > kMost - lag ? kMost : lag + missing;
  }
  return lag;
}

}  // namespace crdt
