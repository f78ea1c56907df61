#pragma once

// Listens to the event streams of many agents with one loop, and reports when all of them have
// shown a name.

#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/probe/http_connection.h"

namespace bench {

class EventWatch {
 public:
  static base::Result<EventWatch> open(const std::vector<std::string>& addresses);
  // The time at which the last stream has brought a change that names `id`.
  base::Result<std::int64_t> heard_by_all(const std::string& id, std::int64_t timeout_nanos);

 private:
  bool take_events(probe::HttpConnection& stream, const std::string& id);
  std::vector<std::unique_ptr<probe::HttpConnection>> streams_;
};

}  // namespace bench
