// How the connections of a server share two memories: for answers that clients have not read yet,
// and for bodies and messages that clients have not sent to their end.

#include <algorithm>
#include <utility>

#include "agent/http/connection.h"

namespace http {

bool Shared::make_room(std::size_t bytes, std::uint64_t stall_millis, const Connection* spared) {
  while (!room.has(bytes)) {
    Connection* slowest = nullptr;
    std::uint64_t longest = stall_millis;
    for (Connection* connection : all) {
      auto stalled = connection->stalled_millis();
      if (connection == spared || !stalled || *stalled < longest) continue;
      bool more =
          slowest == nullptr || *stalled > longest || connection->unsent() > slowest->unsent();
      if (!more) continue;
      slowest = connection;
      longest = *stalled;
    }
    if (slowest == nullptr) return false;
    slowest->cut_off();
  }
  return true;
}

void Shared::give_room() {
  while (!room.waiting.empty() && room.waiting.front()->take_room()) {
  }
  while (!room.waiting.empty() && room.waiting.front()->end_wait()) {
  }
}

void Connection::when_room(std::size_t bytes, std::function<void()> go) {
  wanted_room_ = bytes;
  waits_since_ = uv_now(shared_.loop);
  when_room_ = std::move(go);
  shared_.room.waiting.push_back(this);
  shared_.give_room();
  if (when_room_ != nullptr) shared_.room_wanted();
}

// Called for the first connection in the queue.
bool Connection::take_room() {
  if (!shared_.make_room(wanted_room_, shared_.options.answer_stall_millis, this)) return false;
  auto go = std::move(when_room_);
  stop_waiting();
  keep_room(wanted_room_);
  go();
  return true;
}

bool Connection::end_wait() {
  if (uv_now(shared_.loop) - waits_since_ < shared_.options.answer_wait_millis) return false;
  ++shared_.stats.answers_refused;
  refuse(503, {base::Code::kBusy,
               "no memory was free for the answer within the time limit, because other clients do "
               "not read theirs; try again"});
  go_on();
  return true;
}

void Connection::stop_waiting() {
  std::erase(shared_.room.waiting, this);
  when_room_ = nullptr;
}

void Connection::keep_room(std::size_t bytes) {
  shared_.room.add(bytes);
  shared_.room.remove(std::exchange(kept_room_, bytes));
}

void Connection::account() {
  std::size_t held = std::max(outbox_.held(), chunk_room_);
  shared_.room.add(held);
  shared_.room.remove(std::exchange(accounted_, held));
}

std::optional<std::uint64_t> Connection::stalled_millis() {
  std::size_t in_flight = outbox_.in_flight();
  if (closed_ || in_flight == 0) return std::nullopt;
  std::uint64_t now = uv_now(shared_.loop);
  if (in_flight < unsent_seen_) {
    unsent_seen_ = in_flight;
    unsent_since_ = now;
  }
  return now - unsent_since_;
}

void Connection::cut_off() {
  ++shared_.stats.answers_cut;
  if (is_stream()) ++shared_.stats.streams_cut;
  destroy();
}

// --- Bodies and messages -------------------------------------------------------------------------

// Who sends goes on, and who holds memory and sends nothing is refused. Otherwise a few clients
// that stop in the middle of large bodies would keep all others from writing.
bool Shared::make_collecting_room(const Connection& spared) {
  while (collected_bytes > options.collected_bytes_max) {
    Connection* slowest = nullptr;
    std::uint64_t longest = options.answer_stall_millis;
    for (Connection* connection : all) {
      auto stalled = connection->collecting_stall_millis();
      if (connection == &spared || !stalled || *stalled < longest) continue;
      slowest = connection;
      longest = *stalled;
    }
    if (slowest == nullptr) return false;
    slowest->refuse_collecting();
  }
  return true;
}

bool Connection::collect(std::size_t bytes) {
  const bool grows = bytes > collected_;
  shared_.collected_bytes += bytes;
  shared_.collected_bytes -= std::exchange(collected_, bytes);
  return !grows || shared_.make_collecting_room(*this);
}

void Connection::forget_collected() { shared_.collected_bytes -= std::exchange(collected_, 0); }

std::optional<std::uint64_t> Connection::collecting_stall_millis() {
  const bool collects = state_ == State::kBody || state_ == State::kSocket;
  if (closed_ || !collects || collected_ == 0) return std::nullopt;
  return uv_now(shared_.loop) - since_;
}

void Connection::refuse_collecting() {
  if (state_ == State::kSocket) {
    websocket_->fail(kCloseTryAgainLater, "too many large messages at once; try again");
    leave_socket();
  } else {
    refuse(503, {base::Code::kBusy, "too many large requests at once; try again"});
  }
  go_on();
}

}  // namespace http
