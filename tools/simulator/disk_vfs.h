#pragma once

// The interface between SQLite and a Medium: a VFS that is registered under its own name while this
// object lives. Handles of an earlier generation (Medium::kill) fail every call except close.

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

  struct Impl;  // the functions that SQLite calls need its name

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulation
