#pragma once

// Turns "host:port" seeds into addresses, again from time to time: a name may answer later or move.
// Loop thread only.

#include <uv.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/lookup_thread.h"
#include "gossip/address.h"

namespace agent {

class SeedResolver {
 public:
  // `found` gets all addresses known so far whenever they change.
  SeedResolver(uv_loop_t* loop, std::function<void(std::vector<gossip::Address>)> found,
               LookupThread::LookUp look_up = ask_system);
  ~SeedResolver();  // close() must have been called and the loop run

  void set(const std::vector<std::string>& seeds);
  void add(const std::string& seed, std::function<void(std::vector<gossip::Address>)> resolved);
  void close();  // waits for no nameserver

 private:
  void look_up(const std::string& seed, std::function<void(std::vector<gossip::Address>)> resolved);
  void answered(const std::string& seed, std::vector<gossip::Address> addresses);
  void look_up_names();

  std::function<void(std::vector<gossip::Address>)> found_;
  std::map<std::string, std::vector<gossip::Address>> known_;
  std::map<std::string, std::vector<std::function<void(std::vector<gossip::Address>)>>> asking_;
  LookupThread lookups_;
  uv_timer_t* timer_;
};

}  // namespace agent
