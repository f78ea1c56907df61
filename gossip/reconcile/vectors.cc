#include "gossip/reconcile/vectors.h"

#include <algorithm>
#include <utility>

namespace gossip {
namespace {

// What an entry adds to the vector half of a state hash.
std::uint64_t part_of(const base::ActorId& actor, const crdt::Head& head) {
  return head.seq == 0 ? 0 : crdt::vector_element(actor, head).low;
}

}  // namespace

// --- What is kept of a peer ----------------------------------------------------------------------

PeerVector::PeerVector(const Claims& claims, const crdt::VersionVector::Entries& differs)
    : changes_then_(claims.changes()) {
  for (const auto& [actor, head] : differs) {
    std::uint64_t ours = claims.claimed().seq_of(actor);
    if (head.seq > ours) {
      ahead_[actor] = head;
      ours_then_ += ours;
    } else {
      behind_then_ += ours - head.seq;
    }
  }
}

std::uint64_t PeerVector::lag(const Claims& claims) const {
  // The peer lacks what our claim has gained since, except the changes that it had before us.
  // Example: it had (a,7) when we had (a,5). We now have (a,9): it lacks two changes, not four.
  std::uint64_t grown = claims.changes() - changes_then_ + ours_then_;
  std::uint64_t beyond = 0;
  for (const auto& [actor, head] : ahead_) {
    std::uint64_t ours = claims.claimed().seq_of(actor);
    grown -= ours;
    if (ours > head.seq) beyond += ours - head.seq;
  }
  return behind_then_ + grown + beyond;
}

std::uint64_t PeerVector::ahead(const Claims& claims) const {
  std::uint64_t lacking = 0;
  for (const auto& [actor, head] : ahead_) {
    std::uint64_t ours = claims.claimed().seq_of(actor);
    if (head.seq > ours) lacking += head.seq - ours;
  }
  return lacking;
}

// --- Telling -------------------------------------------------------------------------------------

// `entries`: a map or a range of actors with their heads, in order.
template <typename Range>
Vectors::Messages Vectors::cut(wire::Vector head, const Range& entries) const {
  head.state = claims_.state();
  Messages messages{head};
  for (const auto& [actor, entry] : entries) {
    if (messages.back().entries.size() == wire::kEntriesPerMessage) {
      messages.back().more = true;
      messages.push_back(head);
    }
    messages.back().entries.push_back({actor, entry});
    ++stats_.vector_entries_sent;
  }
  return messages;
}

Vectors::Messages Vectors::tell(bool answer, std::optional<std::uint64_t> base) const {
  wire::Vector head;
  head.answer = answer;
  Entries entries;
  auto version = base && *base != 0 ? claims_.version_of(*base) : std::nullopt;
  if (version) {
    head.base = *base;
    for (const auto& [actor, then] : claims_.before(*version)) {
      entries[actor] = claims_.claimed().head_of(actor);
    }
    return cut(std::move(head), entries);
  }
  for (const auto& [actor, now] : claims_.claimed().loose()) {
    if (now.seq > 0 && !claims_.is_closed(actor)) entries[actor] = now;
  }
  for (const base::ActorId& actor : claims_.opened()) {
    entries[actor] = claims_.claimed().head_of(actor);
  }
  return cut(std::move(head), entries);
}

std::optional<wire::Vector> Vectors::guess() const {
  wire::Vector guess;
  guess.state = claims_.state();
  guess.base = guess.state.vector;
  if (guess.base == 0) return std::nullopt;
  return guess;
}

bool Vectors::is_guess(const wire::Vector& question) {
  return !question.answer && question.base == question.state.vector && question.base != 0 &&
         question.entries.empty();
}

Vectors::Messages Vectors::tell_above(crdt::StateHash state, const Entries& differs) const {
  // Base 0 means that there is no base, not that the base is an empty vector. So the whole vector
  // is sent.
  if (state.vector == 0) return tell_whole();
  wire::Vector head;
  head.answer = true;
  head.base = state.vector;
  Entries entries;
  for (const auto& [actor, theirs] : differs) entries[actor] = claims_.claimed().head_of(actor);
  return cut(std::move(head), entries);
}

Vectors::Messages Vectors::tell_whole() const {
  wire::Vector head;
  head.answer = true;
  return cut(std::move(head), claims_.claimed().entries());
}

wire::Vector Vectors::ask_whole() const {
  ++stats_.vectors_whole;
  wire::Vector ask;
  ask.state = claims_.state();
  ask.whole = true;
  return ask;
}

// --- Working out ---------------------------------------------------------------------------------

Vectors::Taken Vectors::take(const NodeId& peer, const wire::Vector& message) {
  Taken taken;
  auto parts = parts_.find(peer);
  if (parts != parts_.end()) {
    taken.entries = std::move(parts->second);
    parts_.erase(parts);
  }
  taken.entries.insert(taken.entries.end(), message.entries.begin(), message.entries.end());
  if (message.more) {
    bool room = parts_.size() < kVectorsInPartsMax && taken.entries.size() < kVectorEntriesMax;
    if (room) parts_[peer] = std::move(taken.entries);
    return {};
  }
  taken.complete = true;
  Entries listed;
  for (const crdt::Dependency& entry : taken.entries) listed[entry.actor] = entry.head;
  taken.differs = message.base == 0 ? work_out(message, listed) : above_base(message, listed);
  return taken;
}

std::optional<Vectors::Entries> Vectors::above_base(const wire::Vector& head,
                                                    const Entries& listed) const {
  auto version = claims_.version_of(head.base);
  if (!version) return std::nullopt;
  Entries theirs = claims_.before(*version);
  std::uint64_t sum = head.base;
  for (const auto& [actor, entry] : listed) {
    auto moved = theirs.find(actor);
    crdt::Head then = moved != theirs.end() ? moved->second : claims_.claimed().head_of(actor);
    sum += part_of(actor, entry) - part_of(actor, then);
    theirs[actor] = entry;
  }
  if (sum != head.state.vector) return std::nullopt;
  std::erase_if(theirs, [&](const auto& entry) {
    return claims_.claimed().head_of(entry.first) == entry.second;
  });
  return theirs;
}

// The list has no base. The sender lacks the actors that the list leaves out, or has closed them.
// The sum shows which of the two is true.
std::optional<Vectors::Entries> Vectors::work_out(const wire::Vector& head,
                                                  const Entries& listed) const {
  std::uint64_t sum = 0;
  for (const auto& [actor, entry] : listed) sum += part_of(actor, entry);
  bool alone = sum == head.state.vector;
  auto is_left = [&](const base::ActorId& actor) {
    return claims_.is_closed(actor) || claims_.left().contains(actor);
  };
  if (!alone) {
    // All packed actors are left. Those that are listed, or that we hold with another head, do not
    // count with their packed one.
    const crdt::VersionVector& ours = claims_.claimed();
    auto packed_part = [&](const base::ActorId& actor) {
      return ours.packed() ? part_of(actor, ours.packed()->head_of(actor)) : 0;
    };
    if (ours.packed()) sum += ours.packed()->vector_half();
    for (const auto& [actor, entry] : listed) sum -= packed_part(actor);
    for (const auto& [actor, entry] : ours.loose()) {
      if (listed.contains(actor)) continue;
      sum -= packed_part(actor);
      if (is_left(actor)) sum += part_of(actor, entry);
    }
  }
  if (sum != head.state.vector) return std::nullopt;
  Entries differs;
  for (const auto& [actor, entry] : listed) {
    if (claims_.claimed().head_of(actor) != entry) differs[actor] = entry;
  }
  if (alone) {
    for (const auto& [actor, entry] : claims_.claimed().entries()) {
      if (!listed.contains(actor)) differs[actor] = {};
    }
    return differs;
  }
  for (const auto& [actor, entry] : claims_.claimed().loose()) {
    const bool ours_alone = entry.seq > 0 && !listed.contains(actor) && !is_left(actor);
    if (ours_alone) differs[actor] = {};
  }
  return differs;
}

}  // namespace gossip
