#include "agent/replica/parked.h"

#include "agent/replica/gate.h"

namespace agent {

bool Parked::add(const crdt::VersionVector& vector, crdt::Opened&& opened) {
  const Name name{opened.sealed.actor, opened.sealed.seq};
  if (changes_.count(name) > 0) return true;
  const std::size_t bytes = opened.sealed.bytes.size();
  if (changes_.size() >= limits_.changes_max || bytes > limits_.bytes_max - bytes_) return false;
  waits_.emplace(*missing(vector, opened), name);
  bytes_ += bytes;
  changes_.emplace(name, std::move(opened));
  return true;
}

std::optional<crdt::Opened> Parked::take(const crdt::VersionVector& vector,
                                         const base::ActorId& actor) {
  for (;;) {
    const auto first = waits_.lower_bound({{actor, 0}, {}});
    if (first == waits_.end() || first->first.first != actor) return std::nullopt;
    if (!vector.covers(actor, first->first.second)) return std::nullopt;
    const Name name = first->second;
    waits_.erase(first);
    const auto found = changes_.find(name);
    if (const auto still = missing(vector, found->second)) {
      waits_.emplace(*still, name);
      continue;
    }
    crdt::Opened opened = std::move(found->second);
    changes_.erase(found);
    bytes_ -= opened.sealed.bytes.size();
    return opened;
  }
}

std::set<base::ActorId> Parked::awaited() const {
  std::set<base::ActorId> actors;
  for (const auto& [missing, name] : waits_) actors.insert(missing.first);
  return actors;
}

std::vector<Parked::Name> Parked::clear() {
  std::vector<Name> names;
  for (const auto& [name, opened] : changes_) names.push_back(name);
  changes_.clear();
  waits_.clear();
  bytes_ = 0;
  return names;
}

}  // namespace agent
