#pragma once

// Reads and writes standard descriptors, and words the errors of files. Another process that shares
// them may have made them non-blocking. "Try again" then means to wait, here without a limit.

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace cli {

// Writes everything: 0, or the errno of the write that failed.
int write_all(int descriptor, std::string_view data);

// One read(2), when there is something to read: the number of bytes, 0 at the end, -1 with errno.
ssize_t read_some(int descriptor, char* buffer, std::size_t size);

// What errno says about a file that a person named: `verb` is what was tried. kForbidden (exit code
// 6) when this user may not do it.
base::Error file_error(std::string_view verb, const std::string& path);

}  // namespace cli
