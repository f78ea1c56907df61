#pragma once

// What the feed asks of its agent. All calls come from the loop thread and are answered on it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/replica/requests.h"
#include "store/store.h"

namespace agent {

class FeedSource {
 public:
  virtual ~FeedSource() = default;

  // Runs `work` on a reader thread inside one snapshot. The function that it returns then runs on
  // the loop thread. False: the queue is full, nothing will run.
  using Work = std::function<std::function<void()>(store::Reader&)>;
  virtual bool read(Work work) = 0;

  // Calls `watcher` with the events, in order, on the loop thread. Returns a number for unwatch().
  // `cut`: there were more events, and the log does not have them either. Replicas make events only
  // while somebody watches, so a turn that runs now may report none. `ready` is called once, at
  // once or later: a snapshot that is taken then has all changes whose events are not reported.
  using Watcher = std::function<void(const std::vector<Event>& events, bool cut)>;
  virtual std::uint64_t watch(Watcher watcher, std::function<void()> ready) = 0;
  virtual void unwatch(std::uint64_t watcher) = 0;

  virtual std::string short_node_id() const = 0;  // the agent that cursors name
  // A client has all events up to `position` of the agent `node`, which is another one. Where can
  // it go on in our log? After this position it misses nothing, but may get something again.
  // Nullopt: not known.
  virtual std::optional<std::int64_t> position_here(const std::string& node,
                                                    std::int64_t position) const = 0;
};

}  // namespace agent
