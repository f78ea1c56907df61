#include "agent/database_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/files.h"

namespace agent {
namespace {

// A start writes about 100 KiB: an index of the write-ahead log (32 KiB) and some pages of the
// database. The rest is for further starts while the medium stays full.
constexpr off_t kBallastBytes = 1 << 20;
constexpr off_t kBallastBytesMin = 64 << 10;

}  // namespace

bool HostDatabaseFiles::exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool HostDatabaseFiles::is_log_without_database(const std::string& path) {
  constexpr off_t kLogHeaderBytes = 32;
  struct stat log {};
  if (::stat((path + "-wal").c_str(), &log) != 0 || log.st_size <= kLogHeaderBytes) return false;
  struct stat database {};
  const bool there = ::stat(path.c_str(), &database) == 0;
  return there ? database.st_size == 0 : errno == ENOENT;
}

base::Status HostDatabaseFiles::move(const std::string& from, const std::string& to) {
  return move_file(from, to);
}

base::Status HostDatabaseFiles::remove(const std::string& path) { return remove_file(path); }

void HostDatabaseFiles::fill_ballast(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && info.st_size >= kBallastBytes) return;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  off_t bytes = kBallastBytes;
  while (bytes >= kBallastBytesMin && ::posix_fallocate(file, 0, bytes) != 0) bytes /= 2;
  // Gives back what a failed call has allocated beyond `bytes`.
  if (bytes < kBallastBytesMin || ::ftruncate(file, bytes) != 0) ::unlink(path.c_str());
  ::close(file);
}

bool HostDatabaseFiles::drop_ballast(const std::string& path) {
  return ::unlink(path.c_str()) == 0;
}

}  // namespace agent
