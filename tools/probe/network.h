#pragma once

// A network for one test or benchmark: a Linux network namespace without a name, held by a
// descriptor. It ends with the last process that uses it, so a test that is killed leaves nothing
// behind. Making one needs root.

#include <memory>
#include <string>

#include "crdt/base/result.h"

namespace probe {

class Network {
 public:
  static base::Result<std::unique_ptr<Network>> make();
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  int descriptor() const { return descriptor_; }
  std::string path() const;  // for programs that take a namespace, while this process lives

 private:
  explicit Network(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// While this object exists, the calling thread is in `network`. Sockets that it makes and programs
// that it starts stay there. A null network has no effect.
class InNetwork {
 public:
  explicit InNetwork(const Network* network);
  ~InNetwork();
  InNetwork(const InNetwork&) = delete;
  InNetwork& operator=(const InNetwork&) = delete;

 private:
  int before_ = -1;
};

}  // namespace probe
