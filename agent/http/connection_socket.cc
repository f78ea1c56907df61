// Connection as a WebSocket.

#include <utility>

#include "agent/http/connection.h"
#include "agent/http/upgrade.h"

namespace http {

std::shared_ptr<Socket> Connection::upgrade(SocketEvents events) {
  if (!has_stream_free()) {
    refuse_stream();
    return nullptr;
  }
  shared_.count_response(101);
  std::string_view key = exchange_->request().header("sec-websocket-key");
  append_upgrade_head(outbox_.tail(), accept_key(key), cors_);
  socket_ = std::make_shared<LiveSocket>(*this, std::move(events));
  websocket_ = std::make_unique<WebSocket>(route_->message_max, outbox_.tail(),
                                           [this](bool binary, std::string message) {
                                             // The handler may end the socket: what it is called
                                             // with must live longer.
                                             auto socket = socket_;
                                             if (socket != nullptr)
                                               socket->deliver(binary, std::move(message));
                                           });
  ++shared_.stats.websockets;
  exchange_ = nullptr;
  leave_request(State::kSocket);
  go_on();
  return socket_;
}

bool Connection::read_socket(std::string_view& input) {
  std::size_t taken = websocket_->receive(input);
  input.remove_prefix(taken);
  if (closed_) return false;
  if (taken > 0) {
    since_ = websocket_->is_closing() ? since_ : uv_now(shared_.loop);
    pinged_ = false;
  }
  // Pongs for a client that sends pings and reads nothing.
  if (outbox_.unsent() > shared_.options.stream_bytes_max) {
    cut_stream();
    return false;
  }
  if (!collect(websocket_->held())) refuse_collecting();
  if (state_ == State::kSocket && websocket_->is_done()) leave_socket();
  return state_ != State::kSocket;
}

bool Connection::send_message(bool binary, std::string_view message) {
  if (state_ != State::kSocket || websocket_->is_closing() || websocket_->is_done()) return false;
  if (!make_stream_room(message.size())) return false;
  websocket_->send(binary, message);
  return pass_stream();
}

void Connection::close_socket(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kSocket || websocket_->is_closing() || websocket_->is_done()) return;
  websocket_->close(code, reason);
  since_ = uv_now(shared_.loop);
  go_on();
}

void Connection::pause_socket(bool paused) {
  if (state_ != State::kSocket) return;
  paused ? websocket_->pause() : websocket_->resume();
  pinged_ = false;
  since_ = websocket_->is_closing() ? since_ : uv_now(shared_.loop);
  go_on();
}

// Nothing more comes or goes, but the last bytes are still sent.
void Connection::leave_socket() {
  --shared_.stats.websockets;
  state_ = State::kFinishing;
  forget_collected();
  websocket_->end();
  socket_->lose();
  lost_socket_ = std::move(socket_);
}

// A client that reads has to answer a ping. While bytes wait for it, the limit for unsent bytes
// holds.
std::uint64_t Connection::socket_due() const {
  const Options& options = shared_.options;
  if (websocket_->is_closing()) return since_ + options.close_wait_millis;
  if (websocket_->is_paused() || !outbox_.empty()) return kNever;
  return since_ + options.ping_every_millis + (pinged_ ? options.pong_wait_millis : 0);
}

void Connection::expire_socket() {
  if (websocket_->is_closing() || pinged_) return destroy();
  websocket_->ping();
  pinged_ = true;
  settle();
}

void Connection::tell_closed() {
  auto lost = std::exchange(lost_socket_, nullptr);
  if (lost != nullptr) lost->tell_closed();
}

}  // namespace http
