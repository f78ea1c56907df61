#pragma once

// One client of the feed, in the form that the feed knows. It renders what it gets: as server-sent
// events, as messages of a WebSocket, or as rows for another program. Loop thread only.

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "agent/feed/cursor.h"
#include "agent/feed/events.h"
#include "crdt/base/result.h"

namespace agent {

// The order of the calls is: begin(), then, if values are wanted, values() and values_end(), then
// changes() of the log, up_to_date(), then changes() as they happen. After a reset() values come
// again if they are wanted, then up_to_date(). Instead of begin() there may be fail() alone.
// Every call that returns bool may return false: the client is gone or was cut off, because it
// reads too slowly. The feed then forgets the listener and calls nothing more.
class Listener {
 public:
  static constexpr std::size_t kIdle = std::numeric_limits<std::size_t>::max();

  virtual ~Listener() = default;
  // How many bytes it takes now from the log and of values; 0: none, the feed asks again soon.
  // kIdle: nothing waits for its client, so it takes one event of any size. What happens now is
  // given to it without asking.
  virtual std::size_t room() const = 0;

  // A client that comes back with `at` gets everything that follows. `at` is absent while the
  // listener does not have all values yet, and where only the first read shows where it stands.
  virtual bool begin(const std::optional<Cursor>& at) = 0;
  virtual bool values(std::span<const Value> values) = 0;
  virtual bool values_end(const Cursor& at) = 0;
  virtual bool changes(const Batch& batch) = 0;
  // Changes are lost for this listener: it must forget what it knows and read everything again. If
  // it wants values, they follow, and `at` is absent until they have come.
  virtual bool reset(const std::optional<Cursor>& at, std::string_view reason) = 0;
  // It has got everything that had happened at `at`.
  virtual bool up_to_date(const Cursor& at) = 0;
  // The feed cannot go on, for example because a row is damaged. The last call.
  virtual void fail(const base::Error& error) = 0;
};

}  // namespace agent
