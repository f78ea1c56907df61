#pragma once

#include <string>

#include "crdt/base/result.h"
#include "tools/cli/metadata.h"

namespace cli {

// Records of a file its name, size, sha256 and media_type (by its ending, else
// application/octet-stream). Reads it once, in pieces.
base::Status add_file_facts(const std::string& path, Metadata& out);

// A whole file, "-" being stdin. kTooLarge over `bytes_max`.
base::Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

}  // namespace cli
