#pragma once

// How closed actors are stored: many to a row, because years of restarts leave tens of thousands
// that nobody asks for by name. About 37 bytes each. docs/storage.md has the layout.

#include <optional>
#include <vector>

#include "crdt/base/bytes.h"
#include "store/actor.h"

namespace store {

// The actors that share a row: those whose indexes are equal when they are divided by this. A full
// row with numbers of two bytes fits a page of 4,096 bytes.
inline constexpr std::int64_t kClosedPerBlock = 112;

// `block` is in the order of Actor::index.
base::Bytes encode_closed(const std::vector<ActorEntry>& block);
// Returns the actors in the same order, all marked as closed. nullopt when the row is malformed.
std::optional<std::vector<ActorEntry>> decode_closed(base::BytesView row);

}  // namespace store
