#pragma once

// The client of a WebSocket (RFC 6455) for benchmarks. One loop can watch many of them: handle()
// tells poll() what to wait for, receive() never waits. It takes no fragmented messages and sends
// none; the key of its handshake is always that of the example in RFC 6455, 1.3.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "tools/probe/connection.h"

namespace bench {

inline constexpr std::string_view kSampleSocketKey = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view kSampleSocketAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// One frame of a client, masked.
std::string client_frame(bool binary, std::string_view message);

class WebSocketClient {
 public:
  using OnMessage = std::function<void(std::string_view message)>;

  // Waits for the answer of the server. `address` is HOST:PORT with a numeric host.
  static base::Result<std::unique_ptr<WebSocketClient>> open(const std::string& address,
                                                             const std::string& path);
  int handle() const { return connection_->handle(); }
  base::Status send(bool binary, std::string_view message);
  // Takes what has arrived. An error when the connection ended.
  base::Status receive(const OnMessage& on_message);
  // Waits until a message comes, and drops it.
  base::Status await_message();

 private:
  explicit WebSocketClient(std::unique_ptr<probe::Connection> connection)
      : connection_(std::move(connection)) {}
  base::Status shake_hands(const std::string& address, const std::string& path);
  base::Result<std::size_t> take_frames(const OnMessage& on_message);  // how many messages

  std::unique_ptr<probe::Connection> connection_;
};

}  // namespace bench
