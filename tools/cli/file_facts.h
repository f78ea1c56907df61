#pragma once

#include <string>

#include "crdt/base/result.h"
#include "tools/cli/metadata.h"

namespace cli {

// Records the name, size, sha256 and media_type of a file. The media_type follows from the ending
// of the name, else it is application/octet-stream. The file is read once, in pieces.
base::Status add_file_facts(const std::string& path, Metadata& out);

// Reads a whole file; "-" is stdin. kTooLarge above `bytes_max`.
base::Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

}  // namespace cli
