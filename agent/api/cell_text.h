#pragma once

// Cells as HTTP shows them.

#include <map>
#include <string>
#include <string_view>

#include "crdt/cell.h"
#include "store/actors.h"

namespace agent {

std::string_view cell_value(const crdt::Cell& cell);  // JSON; null for `absent` and for no value
// The client that brought the value, else the node id of the actor, else the actor.
std::string writer_of(const store::Actors& actors, const crdt::Cell& cell);

// Actors with a live dot, each with its highest seq.
using DotVector = std::map<base::ActorId, std::uint64_t>;
void collect(const crdt::Cells& cells, DotVector& vector);
std::string vector_text(const DotVector& vector);  // {actor: seq}

}  // namespace agent
