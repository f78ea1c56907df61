#pragma once

// The HTTP part of a WebSocket's opening handshake (RFC 6455, 4.2).

#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message.h"

namespace http {

// The answer to a request that cannot become a WebSocket; nullopt if it can. 426 with `Upgrade:
// websocket` for an ordinary GET or another version of the protocol, 400 for a wrong key.
std::optional<Response> refuse_upgrade(const Request& request, bool http_1_0);
// The value of Sec-WebSocket-Accept.
std::string accept_key(std::string_view key);
void append_upgrade_head(std::string& out, std::string_view accept, const Headers& cors);

}  // namespace http
