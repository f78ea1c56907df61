#pragma once

// What handlers may do with the data of their agent: write, read and watch it.
// All calls come from the loop thread and are answered on it.

#include <functional>

#include "agent/feed/source.h"
#include "agent/replica/requests.h"
#include "crdt/base/result.h"

namespace agent {

// Reading and watching are those of the feed.
class Data : public FeedSource {
 public:
  // Writes one request. `done` is called once, after the commit that has it (rule 1). kBusy: the
  // queue is full and nothing was written.
  virtual void write(WriteRequest request, std::function<void(base::Result<Written>)> done) = 0;
  // Asks the replica for one step of maintenance. `done` is called once, after its commit. kBusy:
  // the queue is full and nothing was done.
  using MaintenanceDone = std::function<void(base::Result<Maintained>)>;
  virtual void maintain(decltype(Maintain::what) what, MaintenanceDone done) = 0;
};

}  // namespace agent
