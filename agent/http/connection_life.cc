// The second half of Connection: its handles, its time limits and its end.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/http/connection.h"
#include "agent/http/uv_handle.h"

namespace http {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// An address that only programs of this host can have.
bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  if (address.ss_family != AF_INET6) return false;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
}

Peer peer_of(const uv_tcp_t& tcp) {
  sockaddr_storage address{};
  int size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  return {uv_tcp_getpeername(&tcp, generic, &size) == 0 && is_loopback(address)};
}

}  // namespace

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
  auto* self = new Connection(shared);
  if (uv_tcp_open(&self->tcp_, socket) != 0) {
    ::close(socket);
    return self->destroy();
  }
  uv_tcp_nodelay(&self->tcp_, 1);
  self->peer_ = peer_of(self->tcp_);
  self->settle();
}

Connection::Connection(Shared& shared)
    : shared_(shared), outbox_(stream(), [this](int status) { on_written(status); }) {
  uv_tcp_init(shared.loop, &tcp_);
  uv_timer_init(shared.loop, &timer_);
  tcp_.data = timer_.data = this;
  open_handles_ = 2;
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
  lose_exchange();
  stop_waiting();
  when_taken_ = nullptr;
  keep_room(0);
  shared_.room.remove(std::exchange(accounted_, 0));
  forget_collected();
  --shared_.stats.connections;
  uv_close(as_handle(&tcp_), on_closed);
  uv_close(as_handle(&timer_), on_closed);
}

void Connection::on_closed(uv_handle_t* handle) {
  auto* self = static_cast<Connection*>(handle->data);
  if (--self->open_handles_ > 0) return;
  Shared& shared = self->shared_;
  auto lost = std::move(self->lost_);
  delete self;
  if (lost != nullptr) lost->tell_gone();
  lost.reset();
  shared.removed();
}

void Connection::allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  auto& bytes = static_cast<Connection*>(handle->data)->shared_.read_buffer;
  *buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
}

void Connection::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  auto* self = static_cast<Connection*>(stream->data);
  if (count > 0) return self->advance({buffer->base, static_cast<std::size_t>(count)});
  if (count == 0) return;
  if (count != UV_EOF) return self->destroy();
  // The client has closed its sending side or is gone; we cannot tell which. So its request is
  // still answered.
  self->eof_ = true;
  self->advance({});
}

void Connection::on_written(int status) {
  if (closed_) return;
  if (status < 0) return destroy();
  advance({});
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
  uv_shutdown(&shutdown_, stream(), [](uv_shutdown_t*, int) {});
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
    uv_read_stop(stream());
  } else if (uv_read_start(stream(), allocate, on_read) != 0) {
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
    case State::kChunks:
    case State::kStream:
    case State::kFinishing:
      break;
  }
  if (!outbox_.empty()) due = std::min(due, unsent_since_ + options.idle_timeout_millis);
  return due;
}

// A timer that fires too early is not moved: it then sees that nothing is due yet. So a kept-alive
// connection does not set its timer again for each request.
void Connection::arm() {
  std::uint64_t now = uv_now(shared_.loop);
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
  bool unsent = unsent_since_ + shared_.options.idle_timeout_millis <= uv_now(shared_.loop);
  if (!outbox_.empty() && unsent) return expire_unsent();
  bool begun = state_ == State::kHead ? scanned_ > 0 : state_ != State::kLinger;
  if (!begun) return destroy();
  refuse(408, {base::Code::kTimeout, "the request did not come completely within the time limit"});
  settle();
}

void Connection::expire_unsent() {
  std::size_t in_flight = outbox_.in_flight();
  if (in_flight >= unsent_seen_) {
    if (state_ == State::kStream) ++shared_.stats.streams_cut;
    return destroy();
  }
  unsent_seen_ = in_flight;
  unsent_since_ = uv_now(shared_.loop);
}

void Connection::drain() {
  if (state_ == State::kStream) {
    leave_stream();
    lose_exchange();
  } else if (state_ == State::kHead || state_ == State::kLinger) {
    state_ = State::kFinishing;
  }
  settle();
}

}  // namespace http
