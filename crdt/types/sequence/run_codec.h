#pragma once

// The stored form of some consecutive runs of a text, without their letters. docs/storage.md has
// the layout.

#include <functional>
#include <span>

#include "crdt/base/result.h"
#include "crdt/types/sequence/run_tree.h"

namespace crdt {

base::Bytes encode_runs(std::span<const Run> runs);
// kInvalid when the bytes are not runs. `actors` bounds the numbers of actors.
base::Result<std::vector<Run>> decode_runs(base::BytesView bytes, std::uint32_t actors);

}  // namespace crdt
