#pragma once

// Somebody types into one WebSocket, and somebody else reads from another one. A keystroke is sent
// every 20 ms, whether the one before has arrived or not: as fast as five people who type fast.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "tools/bench/http/web_socket.h"
#include "tools/bench/summary.h"

namespace bench {

inline constexpr double kKeystrokeSeconds = 0.02;

struct Typing {
  std::size_t keystrokes = 1;
  bool binary = false;
  // The message with this keystroke; the first one has number 0.
  std::function<std::string(std::size_t number)> message;
  // The number of the latest keystroke that the reader has with this message; nothing if it brings
  // none.
  std::function<std::optional<std::size_t>(std::string_view message)> latest;
};
// Milliseconds from just before a keystroke is sent until the reader has it, or a later one of the
// same place. An error if one does not arrive within 20 s after the last.
base::Result<Summary> type_and_read(WebSocketClient& writer, WebSocketClient& reader,
                                    const Typing& typing);

}  // namespace bench
