#pragma once

// Reads a file as text. A file that is packed with gzip is unpacked. Errors name the file and what
// is wrong with it.

#include <cstddef>
#include <string>

#include "crdt/base/result.h"

namespace bench {

// Unpacked. A longer file is refused. The bound keeps all positions and lengths below 2^28.
inline constexpr std::size_t kTextFileBytesMax = 256u << 20;

base::Result<std::string> read_packed_file(const std::string& path);

}  // namespace bench
