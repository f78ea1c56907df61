#pragma once

// A run of elements of a text: a row of elements of one actor with consecutive numbers, each the
// right child of the one before, all shown or all erased.

#include <cstdint>

#include "crdt/types/sequence/element_ids.h"

namespace crdt {

struct Run {
  static constexpr std::uint32_t kLengthMax = (1u << 29) - 1;
  Element first;
  Element parent;  // of `first`; the others have the element before them
  std::uint32_t length : 29 = 0;
  std::uint32_t right : 1 = 0;  // `first` is a right child
  std::uint32_t live : 1 = 0;   // shown
  // Some element before the last one may have a right child that comes after the whole run.
  std::uint32_t forks : 1 = 0;

  Element last() const { return first.plus(length - 1); }
  bool contains(Element element) const {
    return element.actor == first.actor && element.number - first.number < length;
  }
  // It goes on where a run that ends with `before` stops.
  bool continues(const Run& before) const {
    return first == before.last().plus(1) && right && parent == before.last();
  }
  // `first` is the child of the element before it that typing makes.
  bool follows() const { return right && !parent.is_root() && parent.plus(1) == first; }
};

// A child that is stored in another block than its parent.
struct FarChild {
  Element parent;
  bool right = true;
  Element child;
};

}  // namespace crdt
