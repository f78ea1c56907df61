#pragma once

// What readers see at a place of an object that is no catalog, read from one snapshot.

#include <optional>

#include "agent/api/place_read.h"

namespace agent {

// As read_place(). `shown.type` is the type of the place.
base::Result<std::optional<Shown>> read_object(store::Reader& reader, const Place& place,
                                               bool inspect);

}  // namespace agent
