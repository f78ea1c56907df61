#pragma once

// Events as server-sent text, and the cursors that stand in their ids.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/replica/requests.h"

namespace agent {

// A position of arrival at one agent, with how many events of its change were still to come: a
// client that stopped inside a change gets the whole of it again.
struct Cursor {
  std::string node;  // short id of the agent that gave it
  std::int64_t position = 0;
  std::uint64_t remaining = 0;

  std::string text() const;  // "<node>-<position>-<remaining>", opaque to clients
  static std::optional<Cursor> parse(std::string_view text);
  // Everything up to here was received.
  std::int64_t complete_position() const { return remaining == 0 ? position : position - 1; }
};

struct RenderedEvent {
  std::int64_t position = 0;
  std::string object;
  std::string text;
};
// `events` hold whole changes, in order.
std::vector<RenderedEvent> render_events(const std::vector<Event>& events,
                                         std::string_view node_short);

// Says where a stream starts: a client that loses it before the first event can resume too.
std::string start_text(const Cursor& at);
// What lies before `at` is not told: the client reads the state afresh.
std::string reset_text(const Cursor& at, std::string_view reason);

}  // namespace agent
