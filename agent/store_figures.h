#pragma once

// The figures about the database for /metrics. A reader thread reads them after commits that
// changed the database, at most once a second. So a scrape does not wait for the disk. Loop thread
// only.

#include <cstdint>
#include <functional>

#include "agent/api/data.h"
#include "agent/feed/timers.h"

namespace agent {

inline constexpr std::uint64_t kFiguresGapMillis = 1'000;

struct StoreFigures {
  std::uint64_t objects = 0;
  std::uint64_t cells = 0;
  std::uint64_t log_changes = 0;
  std::uint64_t log_bytes = 0;
};

class StoreFiguresWatch {
 public:
  StoreFiguresWatch(Data& data, Timers& timers) : data_(data), timers_(timers) {}

  void moved();  // call it at the start and after a commit
  const StoreFigures& figures() const { return figures_; }

 private:
  void read();

  Data& data_;
  Timers& timers_;
  StoreFigures figures_;
  bool due_ = false;    // a read is running, or waits for its time
  bool again_ = false;  // something changed since the read began
};

}  // namespace agent
