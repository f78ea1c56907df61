#include "agent/database_files.h"

#include <unistd.h>

#include "agent/files.h"

namespace agent {

bool HostDatabaseFiles::exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

base::Status HostDatabaseFiles::move(const std::string& from, const std::string& to) {
  return move_file(from, to);
}

base::Status HostDatabaseFiles::remove(const std::string& path) { return remove_file(path); }

}  // namespace agent
