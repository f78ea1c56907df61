#pragma once

// What queries and pages of state joins have in common on the wire. docs/protocol.md has the
// format.

#include "crdt/codec.h"
#include "crdt/snapshot.h"

namespace crdt::codec {

inline constexpr std::uint64_t kSnapshotVersion = 3;

ObjectKey read_object(Reader& in);
void write_place(Writer& out, const SnapshotPlace& place);
void read_place(Reader& in, SnapshotPlace& place);

}  // namespace crdt::codec
