#pragma once

// The stored form of the runs of a block, without their letters. docs/storage.md has
// the layout.

#include <span>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/types/sequence/run.h"

namespace crdt {

// The runs of a block, and those children of its elements that are in other blocks.
struct Skeleton {
  std::vector<Run> runs;
  std::vector<FarChild> far_children;
};

base::Bytes encode_runs(std::span<const Run> runs, std::span<const FarChild> far_children);
// kInvalid when the bytes are not runs. `actors` bounds the numbers of actors.
base::Result<Skeleton> decode_runs(base::BytesView bytes, std::uint32_t actors);

}  // namespace crdt
