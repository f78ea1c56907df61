#pragma once

// Reads the signals that held_signals.h holds.

#include <uv.h>

#include <functional>
#include <memory>

#include "crdt/base/result.h"

namespace agent {

// Loop thread only. Signals that came before open() are read too.
class Signals {
 public:
  static base::Result<std::unique_ptr<Signals>> open(uv_loop_t* loop,
                                                     std::function<void(int number)> caught);
  ~Signals();  // close() must have been called and the loop have run
  void close();

 private:
  Signals(int descriptor, std::function<void(int)> caught);
  void read();

  int descriptor_;
  std::function<void(int)> caught_;
  uv_poll_t* poll_;
};

}  // namespace agent
