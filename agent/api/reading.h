#pragma once

// Reads on the pool of readers. A function that runs there may only use what it captured by value.

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/api/data.h"
#include "agent/http/server.h"

namespace agent {

using ExchangePtr = std::shared_ptr<http::Exchange>;

// Answers from one snapshot. `answer` runs on a reader thread, when there is room for an answer of
// about `bytes` (http::Exchange::when_room). 503 when the readers are busy.
void answer_from_snapshot(Data& data, const ExchangePtr& exchange, std::size_t bytes,
                          std::function<http::Response(store::Reader&)> answer);

// Makes a write of the body of a request and gives it to `then`, at once or later, from the loop. A
// body above kLoopBodyMax is parsed on a reader thread: parsing 16 MiB takes a fifth of a second,
// and the loop has probes to answer. `then` gets readers_busy() when no reader takes it.
using ParsedWrite = base::Result<WriteObject>;
void parse_write(Data& data, const ExchangePtr& exchange,
                 std::function<ParsedWrite(std::string_view body)> parse,
                 std::function<void(ParsedWrite)> then);

// The answer when the queue of the readers is full.
base::Error readers_busy();

// Runs `work` on a reader thread in one snapshot, then `then` with what it returned on the loop.
// What `then` holds is released on the loop. `then` gets readers_busy() at once if no reader takes
// it.
template <typename Value>
void read_and_then(Data& data, std::function<base::Result<Value>(store::Reader&)> work,
                   std::function<void(base::Result<Value>)> then) {
  struct Job {
    std::function<base::Result<Value>(store::Reader&)> work;
    std::function<void(base::Result<Value>)> then;
    base::Result<Value> value = readers_busy();
  };
  auto job = std::make_shared<Job>(Job{std::move(work), std::move(then)});
  const bool taken = data.read([job](store::Reader& reader) {
    job->value = job->work(reader);
    return [job] {
      const auto go_on = std::move(job->then);
      go_on(std::move(job->value));
    };
  });
  if (!taken) job->then(readers_busy());
}

}  // namespace agent
