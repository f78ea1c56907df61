#pragma once

// Cells in the form that HTTP shows.

#include <map>
#include <string>
#include <string_view>

#include "crdt/cell.h"
#include "store/actors.h"

namespace agent {

std::string cell_value(const crdt::Cell& cell);  // JSON; null if there is no value
// The client that wrote the value, if it is named; else the node id of the actor; else the actor.
std::string writer_of(const store::Actors& actors, const crdt::Cell& cell);

// For every actor with a live dot, its highest seq.
using DotVector = std::map<base::ActorId, std::uint64_t>;
void collect(const crdt::Cells& cells, DotVector& vector);
std::string vector_text(const DotVector& vector);  // {actor: seq}

}  // namespace agent
