#pragma once

// Reading and writing standard descriptors. Whoever shares them may have put them into non-blocking
// mode; then "try again" means to wait, here as long as it takes.

#include <sys/types.h>

#include <cstddef>
#include <string_view>

namespace cli {

// Everything or nothing more: 0, or the errno of the write that failed.
int write_all(int descriptor, std::string_view data);

// What one read(2) gives once there is something: a count, 0 at the end, -1 with errno.
ssize_t read_some(int descriptor, char* buffer, std::size_t size);

}  // namespace cli
