#pragma once

// Reads and writes standard descriptors. Another process that shares them may have made them
// non-blocking. "Try again" then means to wait, here without a limit.

#include <sys/types.h>

#include <cstddef>
#include <string_view>

namespace cli {

// Writes everything: 0, or the errno of the write that failed.
int write_all(int descriptor, std::string_view data);

// One read(2), when there is something to read: the number of bytes, 0 at the end, -1 with errno.
ssize_t read_some(int descriptor, char* buffer, std::size_t size);

}  // namespace cli
