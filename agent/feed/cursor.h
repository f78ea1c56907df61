#pragma once

// Where a listener stands in the log of one agent. As text it is opaque to clients.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

// A position in the log of one agent, and how many events of the same change follow it. A client
// that stopped inside a change gets all events of this change again.
struct Cursor {
  std::string node;  // short node id of the agent that made it
  std::int64_t position = 0;
  std::uint64_t remaining = 0;

  std::string text() const;  // "<node>-<position>-<remaining>"
  static std::optional<Cursor> parse(std::string_view text);
  // The position up to which all events were received.
  std::int64_t complete_position() const { return remaining == 0 ? position : position - 1; }
};

}  // namespace agent
