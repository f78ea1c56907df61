#pragma once

// The Socket that handlers hold. Its connection owns it and cuts the tie when the WebSocket ends;
// then everything that is sent is ignored.

#include <memory>
#include <utility>

#include "agent/http/socket.h"

namespace http {

class Connection;

class LiveSocket final : public Socket {
 public:
  LiveSocket(Connection& connection, SocketEvents events)
      : connection_(&connection), events_(std::move(events)) {}

  bool send_text(std::string_view text) override;
  bool send_binary(std::string_view bytes) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void pause() override;
  void resume() override;
  std::size_t unsent() const override;
  bool gone() const override { return connection_ == nullptr; }

  // Called by the connection.
  void deliver(bool binary, std::string message);
  void lose() { connection_ = nullptr; }
  void tell_closed();  // later, from the loop: calls on_closed()

 private:
  Connection* connection_;
  SocketEvents events_;
};

}  // namespace http
