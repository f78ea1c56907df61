#pragma once

// Small files that must be whole or absent: written to a neighbour, flushed, renamed, directory
// flushed.

#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace agent {

base::Status make_private_directory(const std::string& path);  // parents too; the last one 0700
base::Status write_private_file(const std::string& path, std::string_view content);  // 0600
base::Result<std::optional<std::string>> read_small_file(
    const std::string& path);                                            // nullopt: absent
base::Status move_file(const std::string& from, const std::string& to);  // replaces; flushes too
base::Status remove_file(const std::string& path);  // and flushes its directory; absent is fine
std::string absolute_path(const std::string& path);

}  // namespace agent
