#include "tools/bench/work_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <system_error>
#include <utility>

namespace bench {

base::Result<WorkFolder> WorkFolder::make(const std::string& parent) {
  const char* given = ::getenv("TMPDIR");
  std::string place = !parent.empty() ? parent : given && *given ? given : "/tmp";
  std::string name = place + "/hearsay-bench-XXXXXX";
  if (!::mkdtemp(name.data())) {
    return base::Error{base::Code::kUnavailable,
                       "make a folder in " + place + ": " + ::strerror(errno)};
  }
  return WorkFolder(name);
}

WorkFolder::WorkFolder(WorkFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

WorkFolder& WorkFolder::operator=(WorkFolder&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace bench
