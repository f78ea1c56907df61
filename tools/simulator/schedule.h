#pragma once

// Virtual time. Events run in the order of their time; events of one instant run in the order in
// which they were scheduled. The same calls give the same run.

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "crdt/base/time.h"

namespace simulation {

class Schedule {
 public:
  base::Instant now() const { return now_; }
  void at(base::Instant when, std::function<void()> what) {
    events_[{std::max(when, now_), ++order_}] = std::move(what);
  }
  void after(base::Duration wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }

  base::Instant next() const {
    return events_.empty() ? base::Instant::never() : events_.begin()->first.first;
  }
  // Runs the earliest event. Virtual time moves to it.
  void step() {
    auto event = events_.extract(events_.begin());
    now_ = event.key().first;
    event.mapped()();
  }
  void advance_to(base::Instant when) { now_ = std::max(now_, when); }

 private:
  base::Instant now_{base::seconds(1).nanos};
  std::uint64_t order_ = 0;
  std::map<std::pair<base::Instant, std::uint64_t>, std::function<void()>> events_;
};

}  // namespace simulation
