#pragma once

// What one patch of a history did, as other agents receive it: first it erases, then it inserts.

#include <cstddef>
#include <string_view>
#include <vector>

#include "crdt/types/sequence/sequence.h"

namespace bench {

struct Edit {
  crdt::Dot first;  // of the inserted text
  crdt::Anchor anchor;
  std::string_view text;  // of the history; may be empty
  crdt::DotRuns erased;
};

// False if the text lacks what the insert builds on.
bool apply(crdt::Sequence& text, const Edit& edit);

// The bytes of the edits on the wire: each is a sealed change with one effect for the insert and
// one for the erased text; batches of 100 changes are compressed, as a session does.
std::size_t wire_bytes(const std::vector<Edit>& edits);

}  // namespace bench
