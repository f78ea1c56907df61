#pragma once

// Events as text of server-sent events, and the cursors in their ids.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/replica/requests.h"

namespace agent {

// A position in the log of one agent, and how many events of the same change follow it. A client
// that stopped inside a change gets all events of this change again.
struct Cursor {
  std::string node;  // short node id of the agent that made it
  std::int64_t position = 0;
  std::uint64_t remaining = 0;

  std::string text() const;  // "<node>-<position>-<remaining>", opaque to clients
  static std::optional<Cursor> parse(std::string_view text);
  // The position up to which all events were received.
  std::int64_t complete_position() const { return remaining == 0 ? position : position - 1; }
};

struct RenderedEvent {
  std::int64_t position = 0;
  std::string object;
  std::string text;
};
// `events` must contain whole changes, in order.
std::vector<RenderedEvent> render_events(const std::vector<Event>& events,
                                         std::string_view node_short);

// Tells the client where the stream starts, so that it can resume even if it loses the stream
// before the first event.
std::string start_text(const Cursor& at);
// Events before `at` are lost: the client must read the whole state again.
std::string reset_text(const Cursor& at, std::string_view reason);

}  // namespace agent
