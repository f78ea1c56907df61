#pragma once

// Events and values as text of server-sent events.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/feed/cursor.h"
#include "agent/feed/events.h"

namespace agent {

std::string change_text(const Events& events, std::size_t index, std::string_view node_short);
// All of them, each on its own.
std::vector<std::string> change_texts(const Events& events, std::string_view node_short);
// It has no id: a client that comes back before it has all values gets them again.
std::string value_text(const Value& value);

// Tells the client where it stands, without an event.
std::string position_text(const Cursor& at);
// Events are lost: the client must read the whole state again. Without `at` values follow.
std::string reset_text(const std::optional<Cursor>& at, std::string_view reason);
std::string up_to_date_text(const Cursor& at);

}  // namespace agent
