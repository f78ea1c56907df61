#pragma once

// The folder of one run, on the disk that is measured. It is removed when the run ends.

#include <filesystem>
#include <string>

#include "crdt/base/result.h"

namespace bench {

class WorkFolder {
 public:
  // Below `parent`; below TMPDIR if `parent` is empty.
  static base::Result<WorkFolder> make(const std::string& parent);
  WorkFolder(WorkFolder&& other) noexcept;
  WorkFolder& operator=(WorkFolder&& other) noexcept;
  ~WorkFolder();

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  explicit WorkFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace bench
