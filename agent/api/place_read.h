#pragma once

// What readers see at a place, read from one snapshot.

#include <optional>
#include <string>

#include "agent/api/cell_text.h"
#include "agent/api/place.h"
#include "store/store.h"

namespace agent {

struct Shown {
  crdt::SlotType type = crdt::SlotType::kMap;  // of the place
  std::string value;                           // JSON
  DotVector vector;
  std::string dots;  // the array of ?inspect=1
};

// Nullopt if nothing is shown there. kTooLarge if the value or the dots are larger than
// kAnswerBytesMax; the scan stops there.
base::Result<std::optional<Shown>> read_place(store::Reader& reader, const Place& place,
                                              bool inspect);

}  // namespace agent
