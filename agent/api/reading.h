#pragma once

// Reads on the pool of readers. What runs there touches only what it captured by value.

#include <functional>
#include <memory>
#include <string>

#include "agent/api/host.h"
#include "agent/http/server.h"
#include "crdt/map.h"

namespace agent {

using ExchangePtr = std::shared_ptr<http::Exchange>;

// Answers from one snapshot; `answer` runs on a reader thread, once there is room for an answer of
// about `bytes` (http::Exchange::when_room). 503 when the readers are busy.
void answer_from_snapshot(Host& host, const ExchangePtr& exchange, std::size_t bytes,
                          std::function<http::Response(store::Reader&)> answer);

// The entries of a catalog map in order of id, strictly after `after`, a slice a snapshot: a long
// scan gives its reader back in between. It begins when there is room for a page. `visit` runs on
// reader threads, one slice after the other, until it returns false; then `done` runs on the loop
// thread. Neither runs on when the client goes.
struct SlicedScan {
  std::string object;
  std::string after;
  std::function<bool(store::Reader&, const crdt::Entry&)> visit;
  // Asked on the loop thread after a slice that is not the last: false ends the scan there.
  std::function<bool()> go_on = [] { return true; };
  std::function<void(base::Status)> done;
};
void scan_in_slices(Host& host, const ExchangePtr& exchange, SlicedScan scan);

}  // namespace agent
