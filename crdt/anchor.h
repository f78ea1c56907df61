#pragma once

// Where an insert into a text hangs in the tree of its elements (crdt/types/sequence). Without a
// parent it is a right child of the start of the text.

#include <optional>

#include "crdt/dot.h"

namespace crdt {

struct Anchor {
  std::optional<Dot> parent;
  bool right = true;  // a right child: it comes after the parent
  bool operator==(const Anchor&) const = default;
};

}  // namespace crdt
