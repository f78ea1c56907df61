#pragma once

// Our own network namespace: no other program uses its interfaces, rules and counters. It has no
// name and ends with the last process in it, so nothing is left behind, however a run ends.

#include <functional>

#include "crdt/base/result.h"

namespace bench {

class Namespace {
 public:
  static base::Result<Namespace> make();  // needs root
  Namespace(Namespace&& other) noexcept;
  Namespace& operator=(Namespace&& other) noexcept;
  ~Namespace();

  // Runs `what` with the calling thread inside the namespace. Sockets that are opened and processes
  // that are started there stay there.
  base::Status inside(const std::function<base::Status()>& what) const;
  int handle() const { return handle_; }

 private:
  explicit Namespace(int handle) : handle_(handle) {}
  int handle_;
};

}  // namespace bench
