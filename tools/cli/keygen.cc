#include "tools/cli/keygen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "crdt/base/json_string.h"
#include "tools/cli/descriptors.h"

namespace cli {
namespace {

constexpr std::size_t kKeyBytes = 32;

std::string new_key() {
  std::array<unsigned char, kKeyBytes> key{};
  randombytes_buf(key.data(), key.size());
  std::string hex(2 * kKeyBytes + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
  hex.pop_back();
  sodium_memzero(key.data(), key.size());
  return hex;
}

int failed(const std::string& path) { return fail(file_error("write", path)); }

// O_EXCL creates the file or fails, also for a dangling link. So a key that is in use is never
// overwritten.
int write_key(const std::string& path, const std::string& text) {
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed(path);
  auto written = write(file, text.data(), text.size());
  bool whole = written == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  if (close(file) == 0 && whole) return kDone;
  int exit = failed(path);
  unlink(path.c_str());
  return exit;
}

}  // namespace

int keygen(Printer& printer, const std::string& path) {
  if (sodium_init() < 0)
    return fail({base::Code::kInternal, "libsodium cannot be set up on this host"});
  auto key = new_key();
  int exit = kDone;
  if (path.empty()) {
    printer.text(printer.is_table() ? key + "\n" : "{\"key\":" + base::json_quote(key) + "}\n");
  } else {
    exit = write_key(path, key + "\n");
    if (exit == kDone) say(fmt::format("wrote a new mesh key to {}", path));
  }
  sodium_memzero(key.data(), key.size());
  return exit;
}

}  // namespace cli
