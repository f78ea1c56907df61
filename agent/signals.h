#pragma once

// The signals an agent obeys: SIGTERM, SIGINT and SIGHUP. Once they are held they end nothing: they
// wait until a loop reads them. So one that comes while an agent stops, or starts again in the same
// process, is not its end, and the first that comes between two agents is read by the second.

#include <uv.h>

#include <functional>
#include <memory>

#include "crdt/base/result.h"

namespace agent {

// For the whole process: to be called before its first thread is started.
void hold_signals();

// Reads what is held. Loop thread only.
class Signals {
 public:
  static base::Result<std::unique_ptr<Signals>> open(uv_loop_t* loop,
                                                     std::function<void(int number)> caught);
  ~Signals();  // close() must have been called and the loop run
  void close();

 private:
  Signals(int descriptor, std::function<void(int)> caught);
  void read();

  int descriptor_;
  std::function<void(int)> caught_;
  uv_poll_t* poll_;
};

}  // namespace agent
