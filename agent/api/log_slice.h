#pragma once

// Events read again from the log, for a stream that resumes. Their values are those shown now.

#include <string>
#include <vector>

#include "agent/api/event_text.h"
#include "store/store.h"

namespace agent {

struct LogSlice {
  std::vector<RenderedEvent> events;
  std::int64_t position = 0;  // all up to here is told, or not to be had
  bool end = false;           // nothing lies after it in this snapshot
  std::string lost;           // why a part is not in the log any more; empty when all is
};
// The changes after a position, within kCatchUpChanges and kCatchUpBytes.
base::Result<LogSlice> read_log_slice(store::Reader& reader, std::int64_t after,
                                      std::string_view node_short);
// Where the log ends: a slice without events.
base::Result<LogSlice> read_log_end(store::Reader& reader);

}  // namespace agent
