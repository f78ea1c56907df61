#pragma once

// What handlers may do with the data of their agent: write, read and watch it.
// All calls come from the loop thread and are answered on it.

#include <functional>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/base/result.h"
#include "store/store.h"

namespace agent {

class Data {
 public:
  virtual ~Data() = default;

  // Writes one request. `done` is called once, after the commit that has it (rule 1). kBusy: the
  // queue is full and nothing was written.
  virtual void write(WriteRequest request, std::function<void(base::Result<Written>)> done) = 0;
  // Asks the replica for one step of maintenance. `done` is called once, after its commit. kBusy:
  // the queue is full and nothing was done.
  using MaintenanceDone = std::function<void(base::Result<Maintained>)>;
  virtual void maintain(decltype(Maintain::what) what, MaintenanceDone done) = 0;
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
};

}  // namespace agent
