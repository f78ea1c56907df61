#pragma once

// A dot names one effect of one change: effect `index` of change `seq` of an actor. Vectors and
// dependencies compare (actor, seq). Cells are identified by whole dots, so two effects of one
// change never have the same name.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/strong.h"

namespace crdt {

using base::ActorId;
using base::NodeId;

struct Dot {
  ActorId actor;
  std::uint64_t seq = 0;    // from 1
  std::uint32_t index = 0;  // from 0: the place of the effect in its change
  auto operator<=>(const Dot&) const = default;
  std::string text() const;  // "<actor hex>:<seq>:<index>", as in HTTP answers
  static std::optional<Dot> from_text(std::string_view text);
};

}  // namespace crdt
