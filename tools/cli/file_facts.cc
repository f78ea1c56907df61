#include "tools/cli/file_facts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "crdt/base/bytes.h"
#include "crdt/base/json_string.h"
#include "tools/cli/descriptors.h"

namespace cli {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;

class File {
 public:
  explicit File(const std::string& path)
      : number_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (number_ > STDIN_FILENO) close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

struct MediaType {
  std::string_view ending;
  std::string_view type;
};
// An ending that ends in another one must come before it.
constexpr std::array kMediaTypes{
    MediaType{".tar.gz", "application/gzip"},
    MediaType{".tgz", "application/gzip"},
    MediaType{".gz", "application/gzip"},
    MediaType{".tar", "application/x-tar"},
    MediaType{".zst", "application/zstd"},
    MediaType{".xz", "application/x-xz"},
    MediaType{".bz2", "application/x-bzip2"},
    MediaType{".zip", "application/zip"},
    MediaType{".iso", "application/x-iso9660-image"},
    MediaType{".qcow2", "application/x-qemu-disk"},
    MediaType{".deb", "application/vnd.debian.binary-package"},
    MediaType{".json", "application/json"},
    MediaType{".pdf", "application/pdf"},
    MediaType{".wasm", "application/wasm"},
    MediaType{".txt", "text/plain"},
    MediaType{".png", "image/png"},
    MediaType{".jpg", "image/jpeg"},
    MediaType{".jpeg", "image/jpeg"},
    MediaType{".svg", "image/svg+xml"},
    MediaType{".webp", "image/webp"},
};

std::string_view media_type(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const auto& known : kMediaTypes) {
    if (name.ends_with(known.ending)) return known.type;
  }
  return "application/octet-stream";
}

}  // namespace

base::Status add_file_facts(const std::string& path, Metadata& out) {
  auto slash = path.rfind('/');
  auto name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || !base::is_utf8(name)) {
    return base::invalid(fmt::format("read {}: the name of the file is not UTF-8", path));
  }
  File file(path == "-" ? "./-" : path);
  if (file.number() < 0) return file_error("open", path);

  crypto_hash_sha256_state hash;
  crypto_hash_sha256_init(&hash);
  std::vector<char> piece(kPieceBytes);
  std::uint64_t size = 0;
  ssize_t got = 0;
  while ((got = read_some(file.number(), piece.data(), piece.size())) > 0) {
    auto count = static_cast<std::size_t>(got);
    crypto_hash_sha256_update(&hash, reinterpret_cast<unsigned char*>(piece.data()), count);
    size += count;
  }
  if (got < 0) return file_error("read", path);
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256_final(&hash, reinterpret_cast<unsigned char*>(digest.data()));

  out.set("name", base::json_quote(name));
  out.set("size", std::to_string(size));
  out.set("sha256", base::json_quote(base::to_hex(digest)));
  out.set("media_type", base::json_quote(media_type(name)));
  return {};
}

base::Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  File file(path);
  if (file.number() < 0) return file_error("open", path);
  std::string text;
  std::vector<char> piece(64 * 1024);
  ssize_t got = 0;
  while ((got = read_some(file.number(), piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > bytes_max) {
      return base::Error{base::Code::kTooLarge,
                         fmt::format("read {}: larger than {} bytes", path, bytes_max)};
    }
  }
  if (got < 0) return file_error("read", path);
  return text;
}

}  // namespace cli
