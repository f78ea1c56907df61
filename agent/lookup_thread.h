#pragma once

// Looks up the addresses of names, one after the other, on a thread of its own, because a
// nameserver that does not answer blocks it for many seconds. close() does not wait for this
// thread: it ends after its present look-up, or with the process. The thread pool of libuv is not
// used, because the process would wait for it at its end. Loop thread only.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gossip/address.h"

namespace agent {

// The addresses that the system has for "host:port"; empty if it has none. A link-local address has
// its scope.
std::vector<gossip::Address> ask_system(const std::string& name);

class LookupThread {
 public:
  // Called on the thread. It may take any time and may outlive the LookupThread.
  using LookUp = std::function<std::vector<gossip::Address>(const std::string& name)>;
  // Called on the loop, once for each name that was asked for. Not called after close().
  using Answered =
      std::function<void(const std::string& name, std::vector<gossip::Address> addresses)>;

  LookupThread(uv_loop_t* loop, LookUp look_up, Answered answered);
  ~LookupThread();  // close() must have been called

  void ask(const std::string& name);  // does nothing if the name waits or is looked up
  void close();

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);
  void deliver();

  std::shared_ptr<Shared> shared_;
  Answered answered_;
};

}  // namespace agent
