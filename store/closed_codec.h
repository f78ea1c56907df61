#pragma once

// How closed actors are stored: many to a row, because years of restarts leave tens of thousands
// that nobody asks for by name. About 32 bytes each. docs/storage.md has the layout.

#include <utility>
#include <vector>

#include "store/actors.h"

namespace store {

// A row of at most this size fits a page of 4,096 bytes.
inline constexpr std::size_t kClosedBlockBytes = 4'000;

using ActorEntry = std::pair<const base::ActorId, Actor>;

// `block` is in the order of Actor::index.
base::Bytes encode_closed(const std::vector<const ActorEntry*>& block);
// Returns the actors in the same order, all marked as closed. nullopt when the row is malformed.
std::optional<std::vector<ActorEntry>> decode_closed(base::BytesView row);

}  // namespace store
