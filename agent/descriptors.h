#pragma once

// Whether the limits of this process leave an agent enough file descriptors.

#include <cstddef>

#include "crdt/base/result.h"

namespace agent {

// The error names the limit when this process cannot open as many descriptors as an agent needs.
// Call it before anything is opened and while there is one thread: libuv aborts the program when it
// gets none for its own use, and SQLite says only that it cannot open a file.
base::Status check_descriptors();

// Raises the soft limit of this process to the hard one, to at most kDescriptorsWanted, and returns
// what it is now. Half of them are for HTTP clients, half for the mesh and the database.
inline constexpr std::size_t kDescriptorsWanted = 4'096;
std::size_t raise_descriptors();

}  // namespace agent
