#include "agent/http/live_exchange.h"

#include <utility>

#include "agent/http/connection.h"

namespace http {

LiveExchange::~LiveExchange() {
  if (connection_ == nullptr) return;
  Connection& connection = *std::exchange(connection_, nullptr);
  if (state_ == State::kStreaming) {
    connection.end_stream();
  } else if (state_ == State::kChunks) {
    connection.break_off();
  } else {
    connection.answer(error_response(
        {base::Code::kInternal,
         "the handler dropped the request without an answer; this is a fault of the program"}));
  }
}

void LiveExchange::respond(Response response) {
  if (state_ != State::kOpen || connection_ == nullptr) return;
  Connection& connection = *connection_;
  finish();
  connection.answer(std::move(response));
}

void LiveExchange::when_room(std::size_t bytes, std::function<void()> go) {
  if (state_ != State::kOpen || connection_ == nullptr) return;
  connection_->when_room(bytes, std::move(go));
}

void LiveExchange::on_body(std::function<bool(std::string_view)> piece) {
  if (state_ != State::kOpen || connection_ == nullptr) return;
  body_ = std::move(piece);
  connection_->go_on();
}

void LiveExchange::resume() {
  paused_ = false;
  if (connection_ != nullptr) connection_->go_on();
}

void LiveExchange::start_stream() {
  if (state_ != State::kOpen || connection_ == nullptr) return;
  state_ = State::kStreaming;
  connection_->start_stream(request_.verb == Verb::kHead);
}

bool LiveExchange::can_chunk() const {
  return state_ == State::kOpen && connection_ != nullptr && connection_->can_chunk();
}

void LiveExchange::start_chunks(Response head, std::size_t room) {
  if (!can_chunk()) return;
  state_ = State::kChunks;
  connection_->start_chunks(std::move(head), room);
}

void LiveExchange::when_taken(std::function<void()> go) {
  if (state_ != State::kChunks || connection_ == nullptr) return;
  connection_->when_taken(std::move(go));
}

void LiveExchange::break_off() {
  if (state_ != State::kChunks || connection_ == nullptr) return;
  Connection& connection = *connection_;
  finish();
  connection.break_off();
}

void LiveExchange::attach(Connection& connection) {
  connection_ = &connection;
  peer_ = connection.peer();
}

const Peer& LiveExchange::peer() const { return peer_; }

std::shared_ptr<Socket> LiveExchange::upgrade(SocketEvents events) {
  if (state_ != State::kOpen || connection_ == nullptr) return nullptr;
  Connection& connection = *connection_;
  finish();
  return connection.upgrade(std::move(events));
}

bool LiveExchange::write(std::string_view text) {
  if (connection_ == nullptr) return false;
  if (state_ == State::kChunks) return connection_->write_chunk(text);
  return state_ == State::kStreaming && connection_->write_stream(text);
}

std::size_t LiveExchange::unsent() const {
  if (state_ != State::kStreaming || connection_ == nullptr) return 0;
  return connection_->unsent();
}

void LiveExchange::end_stream() {
  bool chunks = state_ == State::kChunks;
  if ((!chunks && state_ != State::kStreaming) || connection_ == nullptr) return;
  Connection& connection = *connection_;
  finish();
  chunks ? connection.end_chunks() : connection.end_stream();
}

void LiveExchange::on_gone(std::function<void()> closed) {
  if (state_ == State::kDone) return;
  if (told_gone_) return closed();
  closed_ = std::move(closed);
}

void LiveExchange::deliver(std::string_view piece) {
  // The callback may drop the last reference, replace itself, answer, or resume. So it runs as a
  // local copy and is put back only if it is still needed.
  auto self = shared_from_this();
  auto callback = std::exchange(body_, nullptr);
  paused_ = true;
  bool more = callback(piece);
  if (more) paused_ = false;
  bool wanted = !piece.empty() && state_ == State::kOpen && !gone_;
  if (wanted && body_ == nullptr) body_ = std::move(callback);
}

void LiveExchange::lose() {
  gone_ = true;
  connection_ = nullptr;
}

void LiveExchange::tell_gone() {
  told_gone_ = true;
  body_ = nullptr;
  auto closed = std::exchange(closed_, nullptr);
  if (closed != nullptr) closed();
}

// The callbacks of the handler may hold this exchange. Releasing them breaks the cycle.
void LiveExchange::finish() {
  auto self = weak_from_this().lock();
  state_ = State::kDone;
  connection_ = nullptr;
  body_ = nullptr;
  closed_ = nullptr;
}

}  // namespace http
