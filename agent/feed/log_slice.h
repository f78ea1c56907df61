#pragma once

// Reads events again from the log, for a listener that resumes. The event of a catalog has the
// value that its entry shows now.

#include <string>
#include <vector>

#include "agent/replica/requests.h"
#include "store/store.h"

namespace agent {

struct LogSlice {
  std::vector<Event> events;
  std::int64_t position = 0;  // all events up to here are in the slice, or lost
  bool end = false;           // there is nothing after it in this snapshot
  std::string lost;           // why events are lost; empty when none is
};
// The changes after a position, at most kCatchUpChanges and about kCatchUpBytes.
base::Result<LogSlice> read_log_slice(store::Reader& reader, std::int64_t after);
// The position where the log ends, as a slice without events.
base::Result<LogSlice> read_log_end(store::Reader& reader);

}  // namespace agent
