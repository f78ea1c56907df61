#pragma once

// The children of elements that are not simply the next element of their parent's run: for each
// parent and side, in the order of siblings. Thread: any, one at a time.

#include <cstdint>
#include <vector>

#include "crdt/types/sequence/element_ids.h"

namespace crdt {

class Siblings {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // The first of the children; kNone if there are none. next() walks on.
  std::uint32_t first(Element parent, bool right) const;
  std::uint32_t next(std::uint32_t link) const { return links_[link].next; }
  Element element(std::uint32_t link) const { return links_[link].element; }
  bool contains(Element parent, bool right, Element child) const;
  void add(Element parent, bool right, Element child, const ElementIds& ids);
  void reserve(std::size_t children);
  std::size_t bytes() const;

 private:
  struct Link {
    Element element;
    std::uint32_t next = kNone;
  };
  struct Family {
    std::uint32_t actor = 0;
    std::uint32_t number_and_side = 0;
    std::uint32_t link = kNone;  // kNone: the place is free
  };
  std::size_t place_of(std::uint32_t actor, std::uint32_t key) const;
  void grow(std::size_t places);

  std::vector<Family> families_;  // open addressing, a power of two
  std::size_t used_ = 0;
  std::vector<Link> links_;
};

}  // namespace crdt
