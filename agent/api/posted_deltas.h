#pragma once

// POST /crdt/delta: judges deltas and writes them. Requests are done one after the other, because
// each reads and moves what was taken of a node. Loop thread only.

#include <deque>
#include <memory>

#include "agent/api/host.h"
#include "agent/api/reading.h"

namespace agent {

class PostedRequest;

class PostedQueue {
 public:
  explicit PostedQueue(Host& host) : host_(host) {}
  ~PostedQueue();

  // Answers {"applied"} after the commits; 503 when kPostsWaiting requests wait.
  void add(const ExchangePtr& exchange);

 private:
  void begin_next();

  Host& host_;
  std::deque<std::shared_ptr<PostedRequest>> waiting_;  // the first one runs
};

}  // namespace agent
