#pragma once

// The floor of the fan-out: a bare server for WebSockets with wslay, one thread and one epoll loop.
// It sends `{"action":"initial_data","data":{}}` to a client that connects, and each text message
// of a client to all clients, as it came. It looks into no message and stores nothing. It knows
// only the handshake of WebSocketClient.

namespace bench {

// The program: prints `port N`, then serves until it is ended.
int run_socket_floor();

}  // namespace bench
