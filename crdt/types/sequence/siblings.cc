#include "crdt/types/sequence/siblings.h"

#include <algorithm>
#include <bit>

namespace crdt {

std::size_t Siblings::place_of(std::uint32_t actor, std::uint32_t key) const {
  const std::uint64_t mixed = ((std::uint64_t{actor} << 32) | key) * 0x9E3779B97F4A7C15u;
  std::size_t at = (mixed >> 20) & (families_.size() - 1);
  for (;; at = (at + 1) & (families_.size() - 1)) {
    const Family& family = families_[at];
    if (family.link == kNone || (family.actor == actor && family.number_and_side == key)) return at;
  }
}

std::uint32_t Siblings::first(Element parent, bool right) const {
  if (families_.empty()) return kNone;
  return families_[place_of(parent.actor, parent.number * 2 + (right ? 1 : 0))].link;
}

void Siblings::add(Element parent, bool right, Element child, const ElementIds& ids) {
  if (used_ * 4 >= families_.size() * 3) grow(std::max<std::size_t>(16, families_.size() * 2));
  const std::uint32_t key = parent.number * 2 + (right ? 1 : 0);
  Family& family = families_[place_of(parent.actor, key)];
  if (family.link == kNone) {
    family.actor = parent.actor;
    family.number_and_side = key;
    ++used_;
  }
  const auto fresh = static_cast<std::uint32_t>(links_.size());
  links_.push_back({child, kNone});
  std::uint32_t before = kNone;
  std::uint32_t at = family.link;
  while (at != kNone && ids.less(links_[at].element, child)) {
    before = at;
    at = links_[at].next;
  }
  links_[fresh].next = at;
  (before == kNone ? family.link : links_[before].next) = fresh;
}

bool Siblings::contains(Element parent, bool right, Element child) const {
  std::uint32_t link = first(parent, right);
  while (link != kNone && element(link) != child) link = next(link);
  return link != kNone;
}

void Siblings::reserve(std::size_t children) {
  links_.reserve(children);
  const std::size_t places = std::bit_ceil(std::max<std::size_t>(16, children * 4 / 3 + 1));
  if (places > families_.size()) grow(places);
}

void Siblings::grow(std::size_t places) {
  std::vector<Family> old(places);
  old.swap(families_);
  for (const Family& family : old) {
    if (family.link != kNone) families_[place_of(family.actor, family.number_and_side)] = family;
  }
}

std::size_t Siblings::bytes() const {
  return families_.capacity() * sizeof(Family) + links_.capacity() * sizeof(Link);
}

}  // namespace crdt
