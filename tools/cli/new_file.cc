#include "tools/cli/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "tools/cli/descriptors.h"

namespace cli {

base::Status write_new_file(const std::string& path, std::string_view text, unsigned mode) {
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return file_error("write", path);
  auto written = write(file, text.data(), text.size());
  bool whole = written == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  if (close(file) == 0 && whole) return {};
  base::Error error = file_error("write", path);
  unlink(path.c_str());
  return error;
}

}  // namespace cli
