#pragma once

// A folder for one test below TMPDIR. It is removed with everything in it when the test ends.

#include <filesystem>

namespace support {

class ScopedDirectory {
 public:
  ScopedDirectory();
  ~ScopedDirectory();
  ScopedDirectory(const ScopedDirectory&) = delete;
  ScopedDirectory& operator=(const ScopedDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace support
