#pragma once

// Some elements of a text, each the right child of the one before: what state joins carry and
// digests are made of.

#include <string>

#include "crdt/anchor.h"
#include "crdt/dot_run.h"

namespace crdt {

struct TextRun {
  DotRun dots;       // of several indexes or of several changes, not of both
  Anchor anchor;     // of the first element
  bool live = true;  // shown
  std::string text;  // the code points, one for each dot; empty if they are erased
  bool operator==(const TextRun&) const = default;

  std::uint32_t size() const { return dots.count * dots.changes; }
  Dot dot_of(std::uint32_t element) const {
    return dots.changes > 1 ? Dot{dots.actor, dots.seq + element, dots.index}
                            : Dot{dots.actor, dots.seq, dots.index + element};
  }
};

}  // namespace crdt
