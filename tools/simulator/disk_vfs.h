#pragma once

// SQLite's door to a Medium: a VFS registered under a name of its own for as long as this lives.
// Handles of a former generation (Medium::kill) fail every call but the close.

#include <memory>
#include <string>

#include "crdt/base/random.h"
#include "tools/simulator/medium.h"

namespace simulation {

class DiskVfs {
 public:
  DiskVfs(Medium& medium, base::Random random);
  ~DiskVfs();  // CHECKs that every handle is closed
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  const std::string& name() const;

  struct Impl;  // named by the functions that SQLite calls

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulation
