#include "agent/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

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

// If this fails, only the name of the holder is missing; the lock itself is held. A full disk must
// not stop a start.
void write_holder(int lock) {
  std::string holder = "pid " + std::to_string(getpid());
  if (ftruncate(lock, 0) != 0) return;
  [[maybe_unused]] auto wrote = pwrite(lock, holder.data(), holder.size(), 0);
}

// Whether another process holds the lock. A file system that cannot lock this file counts as not
// locked: then only the file `lock` protects.
bool is_locked_elsewhere(int descriptor) {
  return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

base::Error cannot_open(const std::string& path) {
  return {base::Code::kForbidden, "open " + path + ": " + std::strerror(errno)};
}

// To open a FIFO or a device can block for ever. A symbolic link is refused when it is opened.
base::Status check_regular(const std::string& path) {
  struct stat info {};
  const bool there = ::lstat(path.c_str(), &info) == 0;
  if (!there || S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) return {};
  return base::invalid(path + " is not a regular file; move it away");
}

base::Error displaced(const std::string& path, bool gone) {
  return {base::Code::kReadOnly,
          path + (gone ? " is gone" : " is no longer what this agent opened") +
              ": writes are refused, because a restart would not find them; bring it back, or "
              "restart the "
              "agent to begin with what is there now"};
}

}  // namespace

base::Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path) {
  std::string absolute = absolute_path(path);
  RETURN_IF_ERROR(make_private_directory(absolute));
  std::error_code error;
  std::string given = std::filesystem::absolute(path, error);
  std::unique_ptr<DataDirectory> directory(new DataDirectory(error ? absolute : given, absolute));
  RETURN_IF_ERROR(directory->lock_all());
  return directory;
}

DataDirectory::~DataDirectory() {
  remove_agent_json();
  for (int database : databases_) ::close(database);
  if (lock_ >= 0) ::close(lock_);
  if (directory_ >= 0) ::close(directory_);
}

// --- locks

base::Status DataDirectory::lock_all() {
  directory_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) return cannot_open(path_);
  RETURN_IF_ERROR(lock_file());
  if (is_locked_elsewhere(directory_)) return in_use("the data directory " + path_);
  return lock_database();
}

base::Status DataDirectory::lock_file() {
  std::string file = path_ + "/lock";
  RETURN_IF_ERROR(check_regular(file));
  int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return cannot_open(file);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    std::string holder = read_holder(lock);
    ::close(lock);
    return base::Error{base::Code::kConflict,
                       "the data directory " + path_ + " is in use by the agent with " + holder};
  }
  write_holder(lock);
  if (lock_ >= 0) ::close(lock_);
  lock_ = lock;
  return {};
}

base::Status DataDirectory::lock_database() {
  std::string path = database_path();
  for (const char* suffix : {"", "-wal", "-shm"}) RETURN_IF_ERROR(check_regular(path + suffix));
  int database = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (database < 0) return errno == ENOENT ? base::Status() : base::Status(cannot_open(path));
  // Kept open even if another process holds the lock: SQLite may have the file open by now, and
  // closing a descriptor would drop its locks.
  databases_.push_back(database);
  bool known = databases_.size() > 1 &&
               identity_of(databases_[databases_.size() - 2]) == identity_of(database);
  if (!known && is_locked_elsewhere(database)) return in_use("the database " + path);
  return {};
}

base::Error DataDirectory::in_use(const std::string& what) const {
  return {base::Code::kConflict, what +
                                     " is in use by another agent, although nobody holds its file "
                                     "`lock`: the file was removed, or "
                                     "the database was moved"};
}

// Other agents look at the file `lock` first; older versions look at nothing else.
base::Status DataDirectory::keep_lock_file() {
  auto there = identity_at(path_ + "/lock");
  if (there && there == identity_of(lock_)) return {};
  if (auto locked = lock_file(); !locked.ok()) {
    return base::Error{base::Code::kReadOnly,
                       "the file `lock` was removed or replaced, and it cannot be locked again: " +
                           locked.error().message};
  }
  if (lock_made_again_) lock_made_again_();
  return {};
}

// --- what the paths name

std::optional<DataDirectory::Identity> DataDirectory::identity_at(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino};
}

std::optional<DataDirectory::Identity> DataDirectory::identity_of(int descriptor) {
  struct stat info {};
  if (fstat(descriptor, &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino};
}

base::Status DataDirectory::watch_database() {
  RETURN_IF_ERROR(lock_database());
  std::lock_guard lock(mutex_);
  auto opened = identity_of(directory_);
  watched_ = {{path_, opened}, {given_, opened}};
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::string path = database_path() + suffix;
    watched_.push_back({path, identity_at(path)});
  }
  return {};
}

base::Status DataDirectory::in_place() {
  std::lock_guard lock(mutex_);
  for (Watched& watched : watched_) {
    auto there = identity_at(watched.path);
    if (!watched.identity) watched.identity = there;  // a side file that SQLite made later
    if (watched.identity != there) return displaced(watched.path, !there);
  }
  return watched_.empty() ? base::Status() : keep_lock_file();
}

// --- agent.json

base::Status DataDirectory::write_agent_json(const std::string& json) {
  announced_ = true;
  return write_private_file(path_ + "/agent.json", json);
}

// Removed through the open directory: another directory, of another agent, may stand at its path by
// now.
void DataDirectory::remove_agent_json() {
  if (announced_) unlinkat(directory_, "agent.json", 0);
  announced_ = false;
}

// --- keys

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
