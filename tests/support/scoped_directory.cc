#include "tests/support/scoped_directory.h"

#include <stdlib.h>

#include <string>
#include <system_error>

#include "crdt/base/check.h"

namespace support {

ScopedDirectory::ScopedDirectory() {
  const char* parent = ::getenv("TMPDIR");
  std::string name = std::string(parent && *parent ? parent : "/tmp") + "/hearsay-test-XXXXXX";
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

ScopedDirectory::~ScopedDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace support
