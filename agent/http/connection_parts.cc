// Answers of Connection that are sent in parts: event streams, and answers in chunks.

#include <array>
#include <charconv>
#include <utility>

#include "agent/http/answer.h"
#include "agent/http/connection.h"

namespace http {
namespace {

using base::Code;

}  // namespace

// --- Event streams -------------------------------------------------------------------------------

void Connection::start_stream(bool head_only) {
  if (!has_stream_free()) return refuse_stream();
  shared_.count_response(200);
  append_stream_head(outbox_.tail(), cors_);
  if (head_only) {
    lose_exchange();
    leave_request(State::kFinishing);
  } else {
    leave_request(State::kStream);
    ++shared_.stats.streams;
  }
  go_on();
}

bool Connection::write_stream(std::string_view text) {
  if (!make_stream_room(text.size())) return false;
  outbox_.tail() += text;
  return pass_stream();
}

bool Connection::has_stream_free() const {
  return shared_.stats.streams + shared_.stats.websockets < shared_.options.streams_max;
}

void Connection::refuse_stream() {
  refuse(503, {Code::kBusy,
               "too many event streams and WebSockets are open; close one, or try again later"});
  go_on();
}

// False: the client did not read what waits for it already, and was cut off.
bool Connection::make_stream_room(std::size_t bytes) {
  std::size_t waits = outbox_.unsent();
  if (waits > 0 && waits + bytes > shared_.options.stream_bytes_max) {
    cut_stream();
    return false;
  }
  if (waits + bytes > kUnsentMax) shared_.make_room(bytes, 0, nullptr);
  return !closed_;
}

bool Connection::pass_stream() {
  if (outbox_.unsent() > kUnsentMax) account();
  if (outbox_.unwritten() > kUnsentMax && !flush()) return false;
  go_on();
  return true;
}

void Connection::cut_stream() {
  ++shared_.stats.streams_cut;
  destroy();
}

void Connection::end_stream() {
  exchange_ = nullptr;
  leave_stream();
  go_on();
}

void Connection::leave_stream() {
  --shared_.stats.streams;
  state_ = State::kFinishing;
}

// --- Answers in chunks ---------------------------------------------------------------------------

void Connection::start_chunks(Response head, std::size_t room) {
  shared_.count_response(head.status);
  keep_alive_ = may_keep_alive();
  append_head(outbox_.tail(), {head, cors_, keep_alive_, false}, std::nullopt);
  forget_collected();
  keep_room(0);
  state_ = State::kChunks;
  chunk_room_ = room;
  account();
  go_on();
}

bool Connection::write_chunk(std::string_view text) {
  if (text.empty()) return true;  // an empty chunk would end the answer
  std::array<char, 16> digits{};
  auto end = std::to_chars(digits.begin(), digits.end(), text.size(), 16).ptr;
  std::string& out = outbox_.tail();
  out.append(digits.begin(), end);
  out += "\r\n";
  out += text;
  out += "\r\n";
  account();
  if (outbox_.unwritten() > kUnsentMax && !flush()) return false;
  go_on();
  return true;
}

void Connection::end_chunks() {
  exchange_ = nullptr;
  outbox_.tail() += "0\r\n\r\n";
  chunk_room_ = 0;
  when_taken_ = nullptr;
  account();
  bool more = keep_alive_ && !shared_.closing && !channel_->is_expired();
  leave_request(more ? State::kHead : State::kFinishing);
  go_on();
}

// The last chunk is missing, so the client knows that the answer is not complete.
void Connection::break_off() {
  exchange_ = nullptr;
  ++shared_.stats.answers_broken;
  destroy();
}

void Connection::when_taken(std::function<void()> go) {
  when_taken_ = std::move(go);
  go_on();
}

void Connection::tell_taken() {
  if (when_taken_ == nullptr || outbox_.unsent() > kUnsentMax) return;
  auto go = std::exchange(when_taken_, nullptr);
  go();
}

}  // namespace http
