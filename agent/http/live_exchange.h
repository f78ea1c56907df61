#pragma once

// The Exchange that handlers hold. The handlers own it; its connection only points to it. So we
// notice when the last reference is dropped without an answer, and answer with 500. When the
// connection ends it cuts this tie, and everything that is sent afterwards is ignored.

#include <functional>
#include <memory>
#include <string_view>

#include "agent/http/server.h"

namespace http {

class Connection;

class LiveExchange final : public Exchange, public std::enable_shared_from_this<LiveExchange> {
 public:
  LiveExchange() = default;
  LiveExchange(const LiveExchange&) = delete;
  LiveExchange& operator=(const LiveExchange&) = delete;
  ~LiveExchange() override;

  const Request& request() const override { return request_; }
  void respond(Response response) override;
  bool gone() const override { return gone_; }
  void when_room(std::size_t bytes, std::function<void()> go) override;
  void on_body(std::function<bool(std::string_view piece)> piece) override;
  void resume() override;
  void start_stream() override;
  bool write(std::string_view text) override;
  std::size_t unsent() const override;
  void end_stream() override;
  void on_gone(std::function<void()> closed) override;
  bool can_chunk() const override;
  void start_chunks(Response head, std::size_t room) override;
  void when_taken(std::function<void()> go) override;
  void break_off() override;
  std::shared_ptr<Socket> upgrade(SocketEvents events) override;
  const Peer& peer() const override;

  // Called by the connection.
  Request& mutable_request() { return request_; }
  void attach(Connection& connection);
  bool wants_body() const { return body_ != nullptr && !paused_; }
  void deliver(std::string_view piece);
  void lose();       // the client is gone; calls no callback yet
  void tell_gone();  // later, from the loop: calls the callback of on_gone()

 private:
  enum class State { kOpen, kStreaming, kChunks, kDone };

  void finish();

  Connection* connection_ = nullptr;  // null before a handler has it, when done, and when gone
  Request request_;
  Peer peer_;
  State state_ = State::kOpen;
  bool gone_ = false;
  bool told_gone_ = false;
  bool paused_ = false;
  std::function<bool(std::string_view)> body_;
  std::function<void()> closed_;
};

}  // namespace http
