#pragma once

#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace cli {

// Writes a file that does not exist yet, and flushes it. An existing file is never replaced, so a
// key that is in use is never lost; a dangling link counts as existing. After an error there is no
// new file.
base::Status write_new_file(const std::string& path, std::string_view text, unsigned mode);

}  // namespace cli
