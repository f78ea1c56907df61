// KeyFile on the disk: read whole, written whole, one writer at a time.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/access/key_file.h"
#include "agent/files.h"
#include "agent/regular_file.h"

namespace auth {
namespace {

base::Error failed(const std::string& what) {
  bool forbidden = errno == EACCES || errno == EPERM;
  return {forbidden ? base::Code::kForbidden : base::Code::kUnavailable,
          what + ": " + std::strerror(errno)};
}

// Held while one program changes the file. The file is replaced by each change, so a lock on it
// would be a lock on a file without a name.
class Lock {
 public:
  explicit Lock(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  ~Lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  bool take() {
    if (descriptor_ < 0) return false;
    while (flock(descriptor_, LOCK_EX) != 0) {
      if (errno != EINTR) return false;
    }
    return true;
  }

 private:
  int descriptor_;
};

base::Status give_to_owner(const std::string& directory, const std::string& path) {
  if (geteuid() != 0) return {};
  struct stat owner {};
  if (stat(directory.c_str(), &owner) != 0) return failed("look at " + directory);
  if (lchown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
    return failed("give " + path + " to the owner of its directory");
  }
  return {};
}

}  // namespace

base::Result<KeyFile> read_keys(const std::string& directory) {
  std::string path = key_path(directory);
  auto file = agent::read_regular_file(path, kKeyFileMax);
  if (!file.ok()) return base::Error{file.error().code, "the API keys: " + file.error().message};
  if (!*file) return KeyFile{};
  if (((*file)->mode & 077) != 0) {
    return base::Error{base::Code::kForbidden,
                       "the API keys: " + path + " can be read by others; run: chmod 600 " + path};
  }
  return KeyFile::parse((*file)->text, path);
}

base::Status change_keys(const std::string& directory,
                         const std::function<base::Status(KeyFile&)>& change) {
  RETURN_IF_ERROR(agent::make_private_directory(directory));
  std::string path = key_path(directory);
  Lock lock(path + ".lock");
  if (!lock.take()) return failed("lock " + path + ".lock");
  ASSIGN_OR_RETURN(KeyFile file, read_keys(directory));
  RETURN_IF_ERROR(change(file));
  std::string text = file.text();
  if (text.size() > kKeyFileMax) {
    return base::Error{base::Code::kTooLarge, "the API keys: " + path + " would be larger than " +
                                                  std::to_string(kKeyFileMax) + " bytes"};
  }
  RETURN_IF_ERROR(agent::write_private_file(path, text));
  RETURN_IF_ERROR(give_to_owner(directory, path + ".lock"));
  return give_to_owner(directory, path);
}

}  // namespace auth
