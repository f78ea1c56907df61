#include "tools/bench/types/packed_file.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include <filesystem>
#include <memory>

namespace bench {
namespace {

struct Close {
  void operator()(gzFile_s* file) const { ::gzclose(file); }
};

base::Error wrong(const std::string& path, const std::string& what) {
  return base::invalid("read " + path + ": " + what);
}

}  // namespace

base::Result<std::string> read_packed_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return wrong(path, "it is a directory");
  errno = 0;
  std::unique_ptr<gzFile_s, Close> file(::gzopen(path.c_str(), "rb"));
  if (!file) return wrong(path, ::strerror(errno == 0 ? ENOMEM : errno));

  std::string text;
  std::string part(1u << 20, '\0');
  for (;;) {
    const int got = ::gzread(file.get(), part.data(), static_cast<unsigned>(part.size()));
    if (got < 0) break;
    if (text.size() + static_cast<std::size_t>(got) > kTextFileBytesMax) {
      return wrong(path, "it is longer than " + std::to_string(kTextFileBytesMax >> 20) + " MiB");
    }
    text.append(part, 0, static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < part.size()) break;
  }
  int code = Z_OK;
  const char* message = ::gzerror(file.get(), &code);
  if (code == Z_ERRNO) return wrong(path, ::strerror(errno));
  if (code == Z_BUF_ERROR)
    return wrong(path, "it is cut short: the end of the gzip data is missing");
  if (code != Z_OK && code != Z_STREAM_END) return wrong(path, std::string("gzip: ") + message);
  if (text.empty()) return wrong(path, "it is empty");
  return text;
}

}  // namespace bench
