#include "agent/database_files.h"

#include <unistd.h>

#include "agent/files.h"

namespace agent {
namespace {

class HostFiles : public DatabaseFiles {
 public:
  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }
  base::Status move(const std::string& from, const std::string& to) override {
    return move_file(from, to);
  }
  base::Status remove(const std::string& path) override { return remove_file(path); }
};

}  // namespace

DatabaseFiles& database_files() {
  static HostFiles files;
  return files;
}

}  // namespace agent
