#pragma once

// Measures how much of a change's bounds its effects use. So a planner knows before it seals what
// fits into one change. It never counts too little: effects within a ChangeRoom can always be
// sealed, whatever the author's dependencies are.

#include <cstddef>
#include <vector>

#include "crdt/change.h"

namespace crdt {

// The bounds of change.h without the room for the largest list of dependencies.
struct ChangeRoom {
  std::size_t effects = kChangeEffectsMax;
  std::size_t bytes = kChangeBytesMax - (3u << 20);  // when sealed
  std::size_t slot_bytes = kChangeSlotBytesMax;      // as kChangeSlotBytesMax counts them
  std::size_t items = 1'700'000;                     // numbers and strings of the encoding
};

class ChangeMeter {
 public:
  // Adds the effects of a change in their order. Only the slot of the last effect is remembered.
  void add(const Effect& effect);
  void add(const std::vector<Effect>& effects);
  bool within(const ChangeRoom& room) const;

 private:
  ChangeRoom taken_{0, 0, 0, 0};
  Slot before_;
  std::size_t kills_max_ = 0;
};

}  // namespace crdt
