#include "agent/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/files.h"
#include "agent/regular_file.h"
#include "crdt/base/byte_order_mark.h"

namespace agent {
namespace {

constexpr std::size_t kKeyFileMax = 4096;  // 64 hex digits and some space

std::string read_holder(int lock) {
  char buffer[64] = {};
  ssize_t got = pread(lock, buffer, sizeof buffer - 1, 0);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : "an unknown process";
}

}  // namespace

base::Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path) {
  std::string absolute = absolute_path(path);
  RETURN_IF_ERROR(make_private_directory(absolute));
  std::string file = absolute + "/lock";
  int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) {
    return base::Error{base::Code::kForbidden, "open " + file + ": " + std::strerror(errno)};
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    std::string holder = read_holder(lock);
    ::close(lock);
    return base::Error{base::Code::kConflict,
                       "the data directory " + absolute + " is in use by the agent with " + holder};
  }
  std::string holder = "pid " + std::to_string(getpid());
  if (ftruncate(lock, 0) != 0 ||
      pwrite(lock, holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
    // Only the name of the holder is lost; the lock itself stands. A full disk must not stop a
    // start.
  }
  return std::unique_ptr<DataDirectory>(new DataDirectory(absolute, lock));
}

DataDirectory::~DataDirectory() {
  remove_agent_json();
  ::close(lock_);
}

base::Status DataDirectory::write_agent_json(const std::string& json) {
  announced_ = true;
  return write_private_file(path_ + "/agent.json", json);
}

void DataDirectory::remove_agent_json() {
  if (announced_) unlink((path_ + "/agent.json").c_str());
  announced_ = false;
}

base::Result<gossip::wire::MeshKey> read_key_file(const std::string& path) {
  auto file = read_regular_file(path, kKeyFileMax);
  if (!file.ok()) return base::Error{file.error().code, "the key file: " + file.error().message};
  if (!*file) {
    return base::Error{base::Code::kNotFound, "the key file " + path +
                                                  " does not exist; make one with: hearsay keygen "
                                                  "--out " +
                                                  path};
  }
  if (((*file)->mode & 077) != 0) {
    return base::Error{base::Code::kForbidden,
                       "the key file " + path + " can be read by others; run: chmod 600 " + path};
  }
  std::string_view text = base::without_byte_order_mark((*file)->text);
  auto key = gossip::wire::MeshKey::parse(std::string(text));
  if (!key.ok()) return base::invalid("the key file " + path + ": " + key.error().message);
  return key;
}

base::Result<gossip::wire::MeshKey> own_key(const DataDirectory& directory, base::Random& random,
                                            bool& made) {
  std::string path = directory.key_path();
  struct stat info {};
  made = stat(path.c_str(), &info) != 0 && errno == ENOENT;
  if (!made) return read_key_file(path);
  auto key = gossip::wire::MeshKey::generate(random);
  RETURN_IF_ERROR(write_private_file(path, key.text() + "\n"));
  return key;
}

}  // namespace agent
