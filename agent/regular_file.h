#pragma once

// Reads small files whose paths come from people: configurations and keys. It never blocks: a FIFO,
// a socket, a device or a directory is refused at once. So it may be used while an agent serves.

#include <cstddef>
#include <optional>
#include <string>

#include "crdt/base/result.h"

namespace agent {

struct RegularFile {
  std::string text;
  unsigned mode = 0;  // permission bits
};

// Nullopt: there is no such file. Errors name the path and the cause: kForbidden if it may not be
// read, kTooLarge if it has more than `bytes_max`, kInvalid if it is not a regular file.
base::Result<std::optional<RegularFile>> read_regular_file(const std::string& path,
                                                           std::size_t bytes_max);

}  // namespace agent
