// The second half of Connection: its handles, its time limits and its end.

#include <algorithm>
#include <utility>

#include "agent/http/connection.h"
#include "agent/http/stream_channel.h"
#include "agent/http/uv_handle.h"

namespace http {
void Shared::count_response(int status) {
  for (auto& [known, count] : stats.responses) {
    if (known == status) {
      ++count;
      return;
    }
  }
  stats.responses.emplace_back(status, 1);
}

void Connection::accept(Shared& shared, int socket) {
  std::unique_ptr<Channel> channel = StreamChannel::open(shared.loop, socket, shared.read_buffer);
  if (channel == nullptr) return;
  if (shared.tls != nullptr && channel->peer().kind == Peer::Kind::kTcp) {
    channel = std::make_unique<Tls>(std::move(channel), shared.tls);
  }
  auto* self = new Connection(shared, std::move(channel));
  self->settle();
}

// A client has to expect that an idle connection is closed (RFC 9112, 9.5). So idle ones do not
// keep out others.
bool Shared::end_longest_idle() {
  Connection* longest = nullptr;
  std::uint64_t most = options.crowded_idle_millis;
  for (Connection* connection : all) {
    auto idle = connection->idle_millis();
    if (!idle || *idle < most) continue;
    longest = connection;
    most = *idle;
  }
  if (longest != nullptr) longest->destroy();
  return longest != nullptr;
}

std::optional<std::uint64_t> Connection::idle_millis() {
  if (closed_ || state_ != State::kHead || !outbox_.empty()) return std::nullopt;
  return uv_now(shared_.loop) - since_;
}

Connection::Connection(Shared& shared, std::unique_ptr<Channel> channel)
    : shared_(shared), channel_(std::move(channel)), outbox_(*channel_) {
  channel_->set_user(*this);
  uv_timer_init(shared.loop, &timer_);
  timer_.data = this;
  since_ = unsent_since_ = uv_now(shared.loop);
  place = shared.all.size();
  shared.all.push_back(this);
  ++shared.stats.connections;
  ++shared.stats.connections_total;
}

Connection::~Connection() {
  shared_.all.back()->place = place;
  std::swap(shared_.all[place], shared_.all.back());
  shared_.all.pop_back();
  if (touched) std::erase(shared_.touched, this);
}

void Connection::destroy() {
  if (closed_) return;
  closed_ = true;
  if (state_ == State::kStream) leave_stream();
  if (state_ == State::kSocket) leave_socket();
  if (!channel_->is_open()) ++shared_.stats.tls_handshakes_failed;
  lose_exchange();
  stop_waiting();
  when_taken_ = nullptr;
  keep_room(0);
  shared_.room.remove(std::exchange(accounted_, 0));
  forget_collected();
  --shared_.stats.connections;
  channel_->close();
  uv_close(as_handle(&timer_),
           [](uv_handle_t* handle) { static_cast<Connection*>(handle->data)->close_part(); });
}

void Connection::on_channel_closed() { close_part(); }

void Connection::close_part() {
  if (--open_parts_ > 0) return;
  Shared& shared = shared_;
  auto lost = std::move(lost_);
  auto lost_socket = std::move(lost_socket_);
  delete this;
  if (lost != nullptr) lost->tell_gone();
  lost.reset();
  if (lost_socket != nullptr) lost_socket->tell_closed();
  lost_socket.reset();
  shared.removed();
}

void Connection::on_bytes(std::string_view bytes) { advance(bytes); }

// The client has closed its sending side or is gone; we cannot tell which. So its request is still
// answered.
void Connection::on_end() {
  eof_ = true;
  advance({});
}

void Connection::on_broken() { destroy(); }

void Connection::on_drained(bool ok) {
  outbox_.drained();
  if (closed_) return;
  if (state_ == State::kSocket && !websocket_->is_closing()) {
    since_ = uv_now(shared_.loop);  // the client reads
    pinged_ = false;
  }
  ok ? advance({}) : destroy();
}

// False when the connection is broken; it is then destroyed.
bool Connection::flush() {
  bool begun = outbox_.in_flight() > 0;
  if (!outbox_.flush()) {
    destroy();
    return false;
  }
  if (!begun) {
    unsent_since_ = uv_now(shared_.loop);
    unsent_seen_ = outbox_.in_flight();
  }
  return true;
}

void Connection::keep_input(bool stored, std::size_t taken, std::string_view rest) {
  if (!stored) {
    input_.assign(rest);
    input_start_ = 0;
    return;
  }
  input_start_ += taken;
  if (input_start_ == input_.size()) {
    input_.clear();
    input_start_ = 0;
    if (input_.capacity() > kKeepCapacity) input_.shrink_to_fit();
  } else if (input_start_ > input_.size() / 2) {
    input_.erase(0, input_start_);
    input_start_ = 0;
  }
}

void Connection::settle() {
  if (closed_ || !flush()) return;
  account();
  if (eof_) end_if_starved();
  if (state_ == State::kFinishing && outbox_.empty()) shut_down();
  if (closed_) return;
  update_reading();
  arm();
  tell_taken();
  tell_closed();
}

// The client sends nothing more. A state that waits for its bytes ends.
void Connection::end_if_starved() {
  switch (state_) {
    case State::kHead:
      if (outbox_.unsent() <= kUnsentMax) state_ = State::kFinishing;
      return;
    case State::kAnswering:
      if (waits_for_body()) destroy();
      return;
    case State::kBody:
    case State::kStream:
    case State::kSocket:
    case State::kLinger:
      return destroy();
    case State::kChunks:
    case State::kFinishing:
      return;
  }
}

// Closing with unread bytes would reset the connection, and the client could lose the answer. So
// the client gets time to read it and to close first.
void Connection::shut_down() {
  if (eof_ || shared_.closing) return destroy();
  state_ = State::kLinger;
  since_ = uv_now(shared_.loop);
  channel_->shut_down();
}

bool Connection::is_streaming_body() const {
  return state_ == State::kAnswering && route_->streams_body && !end_delivered_;
}

bool Connection::waits_for_body() const {
  return is_streaming_body() && exchange_->wants_body() && !parser_.done();
}

void Connection::update_reading() {
  std::size_t limit = shared_.options.head_bytes_max;
  if (is_streaming_body()) limit = std::max(limit, shared_.options.body_pause_bytes);
  bool wanted = !eof_ && input_.size() - input_start_ <= limit;
  if (wanted == reading_) return;
  reading_ = wanted;
  if (!wanted) {
    channel_->stop_reading();
  } else if (!channel_->start_reading()) {
    destroy();
  }
}

std::uint64_t Connection::due() const {
  const Options& options = shared_.options;
  std::uint64_t due = kNever;
  switch (state_) {
    case State::kHead:
      if (outbox_.unsent() > kUnsentMax) break;
      due = since_ +
            (served_ && scanned_ == 0 ? options.idle_timeout_millis : options.head_timeout_millis);
      break;
    case State::kBody:
      due = since_ + options.body_stall_millis;
      break;
    case State::kAnswering:
      if (waits_for_body()) due = since_ + options.body_stall_millis;
      break;
    case State::kLinger:
      due = since_ + kLingerMillis;
      break;
    case State::kSocket:
      due = socket_due();
      break;
    case State::kChunks:
    case State::kStream:
    case State::kFinishing:
      break;
  }
  due = std::min(due, look_due_);
  if (!outbox_.empty()) due = std::min(due, unsent_since_ + options.idle_timeout_millis);
  return due;
}

// A timer that fires too early is not moved: it then sees that nothing is due yet. So a kept-alive
// connection does not set its timer again for each request.
void Connection::arm() {
  std::uint64_t now = uv_now(shared_.loop);
  if (look_due_ == kNever && (peer().certificate || !caller_.empty())) {
    look_due_ = now + shared_.options.look_millis;
  }
  std::uint64_t next = due();
  if (next == kNever || (timer_due_ != 0 && timer_due_ <= next)) return;
  timer_due_ = next;
  uv_timer_start(&timer_, on_timer, next > now ? next - now : 0, 0);
}

void Connection::on_timer(uv_timer_t* timer) {
  auto* self = static_cast<Connection*>(timer->data);
  self->timer_due_ = 0;
  if (self->due() <= uv_now(timer->loop)) self->expire();
  if (!self->closed_) self->arm();
}

void Connection::expire() {
  if (!look_at_caller()) return;
  bool unsent = unsent_since_ + shared_.options.idle_timeout_millis <= uv_now(shared_.loop);
  if (!outbox_.empty() && unsent) return expire_unsent();
  if (state_ == State::kSocket) return expire_socket();
  bool begun = state_ == State::kHead ? scanned_ > 0 : state_ != State::kLinger;
  if (!begun) return destroy();
  refuse(408, {base::Code::kTimeout, "the request did not come completely within the time limit"});
  settle();
}

void Connection::expire_unsent() {
  std::size_t in_flight = outbox_.in_flight();
  if (in_flight >= unsent_seen_) {
    if (is_stream()) ++shared_.stats.streams_cut;
    return destroy();
  }
  unsent_seen_ = in_flight;
  unsent_since_ = uv_now(shared_.loop);
}

// False: nothing else is due now, or the certificate or the key of the client has ended. Then an
// answer that was begun is still sent (it is the last one), and streams and WebSockets end.
bool Connection::look_at_caller() {
  std::uint64_t now = uv_now(shared_.loop);
  if (look_due_ > now) return true;
  look_due_ = now + shared_.options.look_millis;
  const auto& still_allowed = shared_.options.still_allowed;
  const bool welcome = still_allowed == nullptr || still_allowed(caller_, peer());
  if (!channel_->is_expired() && welcome) return due() <= now;
  if (state_ == State::kStream) {
    leave_stream();
    lose_exchange();
  } else if (state_ == State::kHead) {
    state_ = State::kFinishing;
  } else if (state_ == State::kSocket) {
    websocket_->close(kClosePolicy,
                      "the certificate or the API key of this client is not valid any more");
    leave_socket();
  }
  settle();
  return false;
}

void Connection::drain() {
  if (state_ == State::kStream) {
    leave_stream();
    lose_exchange();
  } else if (state_ == State::kSocket) {
    websocket_->close(kCloseGoingAway, "the agent stops");
    leave_socket();
  } else if (state_ == State::kHead || state_ == State::kLinger) {
    state_ = State::kFinishing;
  }
  settle();
}

}  // namespace http
