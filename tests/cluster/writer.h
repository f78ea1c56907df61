#pragma once

// A client that writes without pause on a thread of its own, telling a History what it asked and
// what it heard, until it is stopped or hears nothing more. It adds entries of two fields, replaces
// and removes some of its own, adds pairs in one request, and removes what it was told to.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/cluster/history.h"

namespace cluster {

class Writer {
 public:
  struct Plan {
    std::string prefix;                  // of the ids it makes; nobody else's
    std::vector<std::string> condemned;  // entries to remove; nobody else's
    std::uint64_t seed = 0;
    int requests_max = 1'000;
    int pause_micros = 0;  // between two requests
  };
  Writer(support::HttpClient client, Plan plan, History& history);
  ~Writer();  // waits for its end
  void stop() { stopping_ = true; }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void run();
  bool step(int number);  // false: nobody answers
  bool add_pair(const std::string& id, const std::string& metadata);
  bool take(const std::string& id, EntryState after,
            const base::Result<support::HttpResponse>& answer);
  support::HttpClient client_;
  Plan plan_;
  History& history_;
  std::vector<std::string> own_;  // present, as far as it knows
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::thread thread_;
};

}  // namespace cluster
