#pragma once

// An exchange without a socket. It shows what a handler did with one request.

#include <optional>
#include <string>

#include "agent/http/server.h"
#include "tests/api/fake_socket.h"

namespace agent {

class FakeExchange final : public http::Exchange {
 public:
  explicit FakeExchange(http::Request asked) : request_(std::move(asked)) {}

  const http::Request& request() const override { return request_; }
  void respond(http::Response response) override;
  bool gone() const override { return gone_; }
  void when_room(std::size_t bytes, std::function<void()> go) override {
    room_ = bytes;
    go();
  }
  void on_body(std::function<bool(std::string_view piece)> piece) override;
  void resume() override { paused_ = false; }
  void start_stream() override;
  bool write(std::string_view text) override;
  std::size_t unsent() const override { return unsent_; }
  void end_stream() override;
  void on_gone(std::function<void()> closed) override { closed_ = std::move(closed); }
  bool can_chunk() const override { return can_chunk_; }
  void start_chunks(http::Response head, std::size_t room) override;
  void when_taken(std::function<void()> go) override;
  void break_off() override;
  std::shared_ptr<http::Socket> upgrade(http::SocketEvents events) override;

  // The client's side.
  void runs_on(FakeSocket::Defer loop) { loop_ = std::move(loop); }
  const std::shared_ptr<FakeSocket>& socket() const { return socket_; }  // null: not upgraded
  bool answered() const { return response_.has_value(); }
  const http::Response& response() const { return *response_; }
  const http::Response& head() const { return head_; }  // of an answer in chunks
  bool broken() const { return broken_; }
  std::size_t room() const { return room_; }  // that the handler asked for
  void knows_no_chunks() { can_chunk_ = false; }
  bool streams() const { return streaming_; }
  bool ended() const { return ended_; }
  const std::string& streamed() const { return streamed_; }
  bool accepts_body() const { return body_ != nullptr && !paused_; }
  void deliver(std::string_view piece);
  void leave();  // the client closes the connection
  // From now on the client takes bytes only with take(). The exchange is cut under the same
  // conditions as in the server.
  void read_slowly() { slow_ = true; }
  void take();

 private:
  void finish();

  http::Request request_;
  std::optional<http::Response> response_;
  std::function<bool(std::string_view)> body_;
  std::function<void()> closed_;
  std::string streamed_;
  FakeSocket::Defer loop_;
  std::shared_ptr<FakeSocket> socket_;
  std::size_t unsent_ = 0;
  std::size_t room_ = 0;
  http::Response head_;
  std::function<void()> when_taken_;
  bool can_chunk_ = true;
  bool broken_ = false;
  bool slow_ = false;
  bool paused_ = false;
  bool gone_ = false;
  bool streaming_ = false;
  bool ended_ = false;
};

}  // namespace agent
