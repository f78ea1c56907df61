#pragma once

// Look-ups that a test delays, as a silent nameserver does. Copies share their state. The state
// lives longer than the test, together with the thread that is delayed.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/lookup_thread.h"

namespace agent {

class HeldLookups {
 public:
  using Addresses = std::vector<gossip::Address>;

  // The addresses of names from now on. A name that is not listed has none.
  void set(const std::string& name, const Addresses& addresses) {
    std::lock_guard lock(state_->mutex);
    state_->addresses[name] = addresses;
  }
  void hold() { set_held(true); }
  void release() { set_held(false); }
  // Waits until `count` look-ups have begun.
  void wait_begun(std::size_t count) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->asked.size() >= count; });
  }
  std::vector<std::string> asked() const {
    std::lock_guard lock(state_->mutex);
    return state_->asked;
  }

  Addresses operator()(const std::string& name) const {
    std::unique_lock lock(state_->mutex);
    state_->asked.push_back(name);
    state_->changed.notify_all();
    state_->changed.wait(lock, [&] { return !state_->held; });
    auto found = state_->addresses.find(name);
    return found == state_->addresses.end() ? Addresses{} : found->second;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, Addresses> addresses;
    std::vector<std::string> asked;
    bool held = false;
  };
  void set_held(bool held) {
    std::lock_guard lock(state_->mutex);
    state_->held = held;
    state_->changed.notify_all();
  }
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace agent
