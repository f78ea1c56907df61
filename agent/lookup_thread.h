#pragma once

// Asks for the addresses of names, one after the other, on a thread of its own: a nameserver that
// is silent holds it for many seconds. close() leaves the thread behind; it ends after its answer,
// or with the process, which does not wait for it (for libuv's own threads it would). Loop thread
// only.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gossip/address.h"

namespace agent {

// What the system says of "host:port"; empty: nothing. A link-local address has its scope then.
std::vector<gossip::Address> ask_system(const std::string& name);

class LookupThread {
 public:
  // Called on the thread; may take as long as it likes, and outlive everything else here.
  using LookUp = std::function<std::vector<gossip::Address>(const std::string& name)>;
  // Called on the loop, once for each name that was asked for; not after close().
  using Answered =
      std::function<void(const std::string& name, std::vector<gossip::Address> addresses)>;

  LookupThread(uv_loop_t* loop, LookUp look_up, Answered answered);
  ~LookupThread();  // close() must have been called

  void ask(const std::string& name);  // nothing if it waits, or is just looked up
  void close();

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);
  void deliver();

  std::shared_ptr<Shared> shared_;
  Answered answered_;
};

}  // namespace agent
