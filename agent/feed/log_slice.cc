#include "agent/feed/log_slice.h"

#include <utility>

#include "agent/feed/limits.h"
#include "agent/replica/events.h"

namespace agent {
namespace {

LogSlice lost_slice(std::int64_t newest, std::string why) {
  LogSlice slice;
  slice.position = newest;
  slice.end = true;
  slice.lost = std::move(why);
  return slice;
}

}  // namespace

base::Result<LogSlice> read_log_slice(store::Reader& reader, std::int64_t after) {
  ASSIGN_OR_RETURN(store::Meta meta, reader.meta());
  ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
  std::int64_t newest = meta.next_position - 1;
  if (after > newest) return lost_slice(newest, "the cursor is ahead of this agent");
  if (after < meta.lost_position) {
    return lost_slice(newest,
                      "the events after the cursor are no longer in the log: it was pruned, or a "
                      "state join took their place");
  }
  std::vector<Event> events;
  std::int64_t last = after;
  std::size_t visited = 0;
  std::size_t counted = 0;  // events whose size was added
  std::size_t bytes = 0;    // of changes and of event values
  base::Status read;
  auto visit = [&](const store::LogEntry& entry) {
    last = entry.position;
    ++visited;
    bytes += entry.sealed.size();
    auto opened = crdt::open_change(entry.sealed);
    if (!opened.ok()) {
      read = opened.error();
      return false;
    }
    if (opened->envelope_known) {
      read = append_events(reader.cells(), *actors, opened->change, entry.position, events);
    }
    // A small change of a large entry gives a large event.
    for (; counted < events.size(); ++counted) bytes += events[counted].value.size();
    return read.ok() && bytes < kCatchUpBytes;
  };
  RETURN_IF_ERROR(reader.log().scan(*actors, after, kCatchUpChanges, visit));
  if (!read.ok()) return read.error();
  LogSlice slice;
  slice.end = visited < kCatchUpChanges && bytes < kCatchUpBytes;
  slice.position = slice.end ? newest : last;
  slice.events = std::move(events);
  return slice;
}

base::Result<LogSlice> read_log_end(store::Reader& reader) {
  ASSIGN_OR_RETURN(store::Meta meta, reader.meta());
  return lost_slice(meta.next_position - 1, "");
}

}  // namespace agent
