#pragma once

// A WebSocket without a connection: the test is its client.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/http/socket.h"

namespace agent {

class FakeSocket final : public http::Socket, public std::enable_shared_from_this<FakeSocket> {
 public:
  // `defer` runs a step on the loop, later.
  using Defer = std::function<void(std::function<void()>)>;
  FakeSocket(http::SocketEvents events, Defer defer)
      : events_(std::move(events)), defer_(std::move(defer)) {}

  bool send_text(std::string_view text) override;
  bool send_binary(std::string_view bytes) override { return send_text(bytes); }
  void close(std::uint16_t code, std::string_view reason) override;
  void pause() override { paused_ = true; }
  void resume() override;
  std::size_t unsent() const override { return unsent_; }
  bool gone() const override { return gone_; }

  // The client's side.
  void say(std::string message, bool binary = false);  // passed on unless the handler has paused
  void leave();                                        // what was not taken is lost
  std::vector<std::string> take();                     // the messages that came since the last call
  std::size_t waiting() const { return sent_.size(); }
  bool paused() const { return paused_; }
  // From now on bytes are unsent until take(). The socket is cut as in the server.
  void read_slowly() { slow_ = true; }
  std::optional<std::uint16_t> closed_with() const { return code_; }

 private:
  void pass_on();
  void end();

  http::SocketEvents events_;
  Defer defer_;
  std::deque<std::pair<bool, std::string>> said_;
  std::vector<std::string> sent_;
  std::optional<std::uint16_t> code_;
  std::size_t unsent_ = 0;
  bool slow_ = false;
  bool paused_ = false;
  bool gone_ = false;
};

}  // namespace agent
