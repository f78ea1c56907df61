#include "tools/cli/keygen.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

#include "crdt/base/json_string.h"
#include "tools/cli/new_file.h"

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

}  // namespace

int keygen(Printer& printer, const std::string& path) {
  if (sodium_init() < 0)
    return fail({base::Code::kInternal, "libsodium cannot be set up on this host"});
  auto key = new_key();
  int exit = kDone;
  if (path.empty()) {
    printer.text(printer.is_table() ? key + "\n" : "{\"key\":" + base::json_quote(key) + "}\n");
  } else {
    auto written = write_new_file(path, key + "\n", 0600);
    exit = written.ok() ? kDone : fail(written.error());
    if (exit == kDone) say(fmt::format("wrote a new mesh key to {}", path));
  }
  sodium_memzero(key.data(), key.size());
  return exit;
}

}  // namespace cli
