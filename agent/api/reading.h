#pragma once

// Reads on the pool of readers. A function that runs there may only use what it captured by value.

#include <functional>
#include <memory>
#include <string>

#include "agent/api/host.h"
#include "agent/http/server.h"
#include "crdt/map.h"

namespace agent {

using ExchangePtr = std::shared_ptr<http::Exchange>;

// Answers from one snapshot. `answer` runs on a reader thread, when there is room for an answer of
// about `bytes` (http::Exchange::when_room). 503 when the readers are busy.
void answer_from_snapshot(Host& host, const ExchangePtr& exchange, std::size_t bytes,
                          std::function<http::Response(store::Reader&)> answer);

// Visits the entries of a catalog map in the order of their ids, after `after`. It reads one part
// in each snapshot, so a long scan gives its reader back from time to time. It begins when there is
// room for a page. `visit` runs on reader threads, never two calls at once, until it returns false;
// then `done` runs on the loop thread. When the client is gone, neither is called again.
struct SlicedScan {
  std::string object;
  std::string after;
  std::function<bool(store::Reader&, const crdt::Entry&)> visit;
  // Asked on the loop thread after each part except the last one. False ends the scan.
  std::function<bool()> go_on = [] { return true; };
  std::function<void(base::Status)> done;
};
void scan_in_slices(Host& host, const ExchangePtr& exchange, SlicedScan scan);

}  // namespace agent
