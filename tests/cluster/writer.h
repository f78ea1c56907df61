#pragma once

// A client that writes without pause on a thread of its own. It reports its requests and their
// answers to a History. It ends when it is stopped or gets no answer any more. It adds entries of
// two fields, replaces and removes some of its own, adds two entries in one request, and removes
// the entries that it was given.

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
    std::string prefix;                  // of the ids that it makes; no other writer uses it
    std::vector<std::string> condemned;  // entries to remove; no other writer changes them
    std::uint64_t seed = 0;
    int requests_max = 1'000;
    int pause_micros = 0;  // between two requests
  };
  Writer(probe::HttpClient client, Plan plan, History& history);
  ~Writer();  // waits for its end
  void stop() { stopping_ = true; }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void run();
  bool step(int number);  // false: nobody answers
  bool add_pair(const std::string& id, const std::string& metadata);
  bool take(const std::string& id, EntryState after, const base::Result<probe::HttpAnswer>& answer);
  probe::HttpClient client_;
  Plan plan_;
  History& history_;
  std::vector<std::string> own_;  // present, as far as it knows
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::thread thread_;
};

}  // namespace cluster
