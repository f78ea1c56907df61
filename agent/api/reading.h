#pragma once

// Reads on the pool of readers. A function that runs there may only use what it captured by value.

#include <functional>
#include <memory>

#include "agent/api/data.h"
#include "agent/http/server.h"

namespace agent {

using ExchangePtr = std::shared_ptr<http::Exchange>;

// Answers from one snapshot. `answer` runs on a reader thread, when there is room for an answer of
// about `bytes` (http::Exchange::when_room). 503 when the readers are busy.
void answer_from_snapshot(Data& data, const ExchangePtr& exchange, std::size_t bytes,
                          std::function<http::Response(store::Reader&)> answer);

// The answer when the queue of the readers is full.
base::Error readers_busy();

}  // namespace agent
