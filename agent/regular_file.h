#pragma once

// Reads small files that people name: configurations, keys. Never waits: a FIFO, a socket, a device
// or a directory under that name is refused at once, also while an agent serves.

#include <cstddef>
#include <optional>
#include <string>

#include "crdt/base/result.h"

namespace agent {

struct RegularFile {
  std::string text;
  unsigned mode = 0;  // permission bits
};

// nullopt: there is no such file. Errors name the path and the cause: kForbidden where it may not
// be read, kTooLarge over `bytes_max`, kInvalid where it is not a regular file.
base::Result<std::optional<RegularFile>> read_regular_file(const std::string& path,
                                                           std::size_t bytes_max);

}  // namespace agent
