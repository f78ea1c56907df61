#include "tests/api/fake_exchange.h"

#include <utility>

#include "crdt/base/check.h"

namespace agent {

void FakeExchange::respond(http::Response response) {
  if (gone_) return;
  CHECK(!response_);  // one request, one answer
  CHECK(!streaming_);
  response_ = std::move(response);
  finish();
}

void FakeExchange::on_body(std::function<bool(std::string_view)> piece) {
  if (!response_) body_ = std::move(piece);
}

void FakeExchange::start_stream() {
  CHECK(!response_);
  streaming_ = true;
}

void FakeExchange::start_chunks(http::Response head, std::size_t) {
  CHECK(can_chunk_ && !response_ && !streaming_);
  head_ = std::move(head);
  streaming_ = true;
}

// A client that is not set to read slowly has taken everything at once.
void FakeExchange::when_taken(std::function<void()> go) {
  if (gone_) return;
  if (unsent_ == 0) return go();
  when_taken_ = std::move(go);
}

void FakeExchange::take() {
  unsent_ = 0;
  if (auto go = std::exchange(when_taken_, nullptr)) go();
}

void FakeExchange::break_off() {
  broken_ = true;
  finish();
}

std::shared_ptr<http::Socket> FakeExchange::upgrade(http::SocketEvents events) {
  CHECK(!response_ && !streaming_ && !socket_);
  socket_ = std::make_shared<FakeSocket>(std::move(events), loop_);
  return socket_;
}

bool FakeExchange::write(std::string_view text) {
  CHECK(streaming_);
  if (gone_ || ended_) return false;
  if (unsent_ > 0 && unsent_ + text.size() > http::Options{}.stream_bytes_max) {
    leave();
    return false;
  }
  if (slow_) unsent_ += text.size();
  streamed_ += text;
  return true;
}

void FakeExchange::end_stream() {
  ended_ = true;
  finish();
}

// As in the server: the callback is set again only if it is still wanted.
void FakeExchange::deliver(std::string_view piece) {
  CHECK(accepts_body());
  auto callback = std::exchange(body_, nullptr);
  paused_ = true;
  if (callback(piece)) paused_ = false;
  if (!piece.empty() && !response_ && !gone_) body_ = std::move(callback);
}

void FakeExchange::leave() {
  gone_ = true;
  body_ = nullptr;
  when_taken_ = nullptr;
  auto closed = std::exchange(closed_, nullptr);
  if (closed) closed();
}

void FakeExchange::finish() {
  body_ = nullptr;
  when_taken_ = nullptr;
  closed_ = nullptr;
}

}  // namespace agent
