#pragma once

// A server that this run starts as a process of its own. It prints one line `port N` when it
// listens on port N of the loopback.

#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/child.h"

namespace bench {

struct ServerChild {
  std::unique_ptr<Child> child;
  std::string address;  // 127.0.0.1:N

  // Waits until it listens. Its output goes to the new file `log`.
  static base::Result<ServerChild> start(const std::vector<std::string>& arguments,
                                         const std::string& log);
};

std::string text_of_file(const std::string& path);  // empty if there is none

}  // namespace bench
