#pragma once

// Writes small files that must be complete or absent. It writes a temporary file in the same
// directory, flushes it, renames it, and flushes the directory.

#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace agent {

base::Status make_private_directory(const std::string& path);  // makes parents too; the last: 0700
base::Status write_private_file(const std::string& path, std::string_view content);  // 0600
base::Result<std::optional<std::string>> read_small_file(
    const std::string& path);  // nullopt: there is no such file
base::Status move_file(const std::string& from, const std::string& to);  // replaces `to`; flushed
base::Status remove_file(const std::string& path);  // flushed; ok if it is absent
std::string absolute_path(const std::string& path);

}  // namespace agent
