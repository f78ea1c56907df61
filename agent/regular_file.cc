#include "agent/regular_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace agent {
namespace {

base::Error failed(const std::string& path, int error) {
  bool forbidden = error == EACCES || error == EPERM;
  return {forbidden ? base::Code::kForbidden : base::Code::kInvalid,
          fmt::format("read {}: {}", path, std::strerror(error))};
}

const char* kind_of(unsigned mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

base::Error wrong_kind(const std::string& path, unsigned mode) {
  return base::invalid(
      fmt::format("read {}: it is {}; expected a regular file", path, kind_of(mode)));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

base::Result<std::optional<RegularFile>> read_regular_file(const std::string& path,
                                                           std::size_t bytes_max) {
  // Opening a device can have effects, and a socket cannot be opened, so the file is checked
  // before. It is checked again after it was opened, because the name may belong to another file by
  // then.
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<RegularFile>();
    return failed(path, errno);
  }
  if (!S_ISREG(info.st_mode)) return wrong_kind(path, info.st_mode);
  Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.number() < 0) return failed(path, errno);
  if (fstat(file.number(), &info) != 0) return failed(path, errno);
  if (!S_ISREG(info.st_mode)) return wrong_kind(path, info.st_mode);

  RegularFile found;
  found.mode = info.st_mode & 07777;
  char piece[4096];
  for (;;) {
    ssize_t got = read(file.number(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, errno);
    if (got == 0) return std::optional<RegularFile>(std::move(found));
    found.text.append(piece, static_cast<std::size_t>(got));
    if (found.text.size() > bytes_max) {
      return base::Error{base::Code::kTooLarge,
                         fmt::format("read {}: larger than {} bytes", path, bytes_max)};
    }
  }
}

}  // namespace agent
