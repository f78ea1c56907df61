#include "crdt/version_vector.h"

#include <limits>
#include <vector>

namespace crdt {

std::uint64_t VersionVector::seq_of(const ActorId& actor) const { return head_of(actor).seq; }

Head VersionVector::head_of(const ActorId& actor) const {
  const auto found = entries_.find(actor);
  if (found != entries_.end()) return found->second;
  return packed_ ? packed_->head_of(actor) : Head{};
}

// Visits the actors whose entries may differ, with both heads. Two vectors over one packed vector
// can only differ in what they keep apart from it.
template <typename Visit>
void VersionVector::differences(const VersionVector& one, const VersionVector& other, Visit visit) {
  if (one.packed_ == other.packed_) {
    for (const auto& [actor, head] : one.entries_) visit(actor, head, other.head_of(actor));
    for (const auto& [actor, head] : other.entries_) {
      if (!one.entries_.contains(actor)) visit(actor, one.head_of(actor), head);
    }
    return;
  }
  for (const auto& [actor, head] : one.entries()) visit(actor, head, other.head_of(actor));
  for (const auto& [actor, head] : other.entries()) {
    if (one.head_of(actor).seq == 0) visit(actor, Head{}, head);
  }
}

bool VersionVector::covers(const VersionVector& other) const {
  bool all = true;
  differences(*this, other, [&](const ActorId&, const Head& ours, const Head& theirs) {
    if (theirs.seq > ours.seq) all = false;
  });
  return all;
}

void VersionVector::set(const ActorId& actor, Head head) {
  if (head.seq == 0) head = {};
  const Head packed = packed_ ? packed_->head_of(actor) : Head{};
  if (head == packed) {
    entries_.erase(actor);
  } else {
    entries_.insert_or_assign(actor, head);
  }
}

VersionVector::Entries VersionVector::ahead_in(const VersionVector& newer) const {
  Entries ahead;
  differences(*this, newer, [&](const ActorId& actor, const Head& ours, const Head& theirs) {
    if (theirs.seq > ours.seq) ahead.emplace(actor, theirs);
  });
  return ahead;
}

std::uint64_t VersionVector::lag_behind(const VersionVector& newer) const {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t lag = 0;
  differences(*this, newer, [&](const ActorId&, const Head& ours, const Head& theirs) {
    if (theirs.seq <= ours.seq) return;
    // A peer may claim any number, so the sum stops at the largest value instead of wrapping round
    // to "no lag".
    const std::uint64_t missing = theirs.seq - ours.seq;
    lag = missing > kMost - lag ? kMost : lag + missing;
  });
  return lag;
}

void VersionVector::pack(Packed packed) {
  if (packed == packed_) return;
  // The entries of these actors may stand in another place from now on.
  std::vector<std::pair<ActorId, Head>> moved(entries_.begin(), entries_.end());
  auto note = [&](const ActorId& actor) { moved.emplace_back(actor, head_of(actor)); };
  if (packed && packed_ && packed->follows(*packed_)) {
    for (const ActorId& actor : packed->differences()) note(actor);
  } else {
    for (std::size_t i = 0; packed_ && i < packed_->size(); ++i) note(packed_->actor_at(i));
    for (std::size_t i = 0; packed && i < packed->size(); ++i) note(packed->actor_at(i));
  }
  packed_ = std::move(packed);
  entries_.clear();
  for (const auto& [actor, head] : moved) set(actor, head);
}

VersionVector::Entries VersionVector::to_map() const {
  Entries all;
  for (const auto& [actor, head] : entries()) all.emplace_hint(all.end(), actor, head);
  return all;
}

bool VersionVector::empty() const {
  if (!packed_) return entries_.empty();
  return entries().begin() == entries().end();
}

bool VersionVector::operator==(const VersionVector& other) const {
  bool equal = true;
  differences(*this, other, [&](const ActorId&, const Head& ours, const Head& theirs) {
    if (ours != theirs) equal = false;
  });
  return equal;
}

// --- All entries in order ------------------------------------------------------------------------

VersionVector::Range::Iterator VersionVector::Range::end() const {
  const std::size_t packed = vector_.packed_ ? vector_.packed_->size() : 0;
  return {vector_, vector_.entries_.end(), packed};
}

std::size_t VersionVector::Range::size() const {
  if (!vector_.packed_) return vector_.entries_.size();
  std::size_t count = vector_.packed_->size();
  for (const auto& [actor, head] : vector_.entries_) {
    const bool packed = vector_.packed_->contains(actor);
    if (head.seq == 0) {
      count -= packed ? 1 : 0;
    } else {
      count += packed ? 0 : 1;
    }
  }
  return count;
}

VersionVector::Range::Iterator::Iterator(const VersionVector& vector, Entries::const_iterator loose,
                                         std::size_t nth)
    : vector_(&vector), loose_(loose), nth_(nth) {
  settle();
}

const ActorId* VersionVector::Range::Iterator::packed_actor() const {
  const Packed& packed = vector_->packed_;
  if (!packed || nth_ >= packed->size()) return nullptr;
  return &packed->actor_at(packed->in_order(nth_));
}

void VersionVector::Range::Iterator::settle() {
  for (;; ++loose_) {
    const ActorId* packed = packed_actor();
    const bool more = loose_ != vector_->entries_.end();
    at_loose_ = more && (packed == nullptr || !(*packed < loose_->first));
    if (!at_loose_) return;
    if (packed != nullptr && *packed == loose_->first) ++nth_;  // hidden by the loose entry
    if (loose_->second.seq != 0) return;
  }
}

std::pair<ActorId, Head> VersionVector::Range::Iterator::operator*() const {
  if (at_loose_) return *loose_;
  const std::size_t place = vector_->packed_->in_order(nth_);
  return {vector_->packed_->actor_at(place), vector_->packed_->head_at(place)};
}

VersionVector::Range::Iterator& VersionVector::Range::Iterator::operator++() {
  if (at_loose_) {
    ++loose_;
  } else {
    ++nth_;
  }
  settle();
  return *this;
}

}  // namespace crdt
