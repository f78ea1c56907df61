#include "agent/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/regular_file.h"

namespace agent {
namespace {

constexpr std::size_t kSmallFileMax = 1 << 20;

// EFBIG means that a file has reached the size limit of the process (`ulimit -f`). For the agent
// this is a full disk.
base::Error failure(const std::string& doing, int error = errno) {
  bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  base::Code code = full                                ? base::Code::kDiskFull
                    : error == EACCES || error == EPERM ? base::Code::kForbidden
                                                        : base::Code::kReadOnly;
  return {code, doing + ": " + std::strerror(error)};
}

base::Status flush_directory_of(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path();
  int fd = open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure("open " + parent);
  int synced = fsync(fd);
  ::close(fd);
  if (synced != 0) return failure("flush " + parent);
  return {};
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    ssize_t wrote = write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

base::Status make_private_directory(const std::string& path) {
  if (path.empty()) return base::invalid("create a directory: no path was given");
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  // If a parent cannot be made or cannot be read, the error names the parent.
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code cause;
  if (!parent.empty()) std::filesystem::create_directories(parent, cause);
  if (cause) {
    return failure("create directory " + path + ": parent " + parent.string(), cause.value());
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failure("create directory " + path);
  if (!std::filesystem::is_directory(path, error)) {
    return base::invalid("create directory " + path + ": a file with this name exists already");
  }
  return flush_directory_of(path);
}

base::Status write_private_file(const std::string& path, std::string_view content) {
  std::string neighbour = path + ".new";
  int fd = open(neighbour.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return failure("write " + path);
  bool wrote = write_all(fd, content) && fsync(fd) == 0;
  base::Status result = wrote ? base::Status() : base::Status(failure("write " + path));
  ::close(fd);
  if (!result.ok()) {
    unlink(neighbour.c_str());
    return result;
  }
  if (rename(neighbour.c_str(), path.c_str()) != 0) return failure("rename to " + path);
  return flush_directory_of(path);
}

base::Result<std::optional<std::string>> read_small_file(const std::string& path) {
  ASSIGN_OR_RETURN(auto found, read_regular_file(path, kSmallFileMax));
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(std::move(found->text));
}

base::Status move_file(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return failure("move " + from + " to " + to);
  return flush_directory_of(to);
}

base::Status remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return failure("remove " + path);
  }
  return flush_directory_of(path);
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return path;  // the working directory was removed
  const auto canonical = std::filesystem::weakly_canonical(absolute, error);
  return error ? path : canonical.string();
}

}  // namespace agent
