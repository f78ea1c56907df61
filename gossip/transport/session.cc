#include "gossip/transport/session.h"

#include <algorithm>
#include <array>
#include <memory>

#include "crdt/base/check.h"
#include "gossip/transport/socket_address.h"

namespace transport {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// We look for a stall this often within its time, so we find it at most a quarter late.
constexpr std::uint64_t kStallChecks = 4;

}  // namespace

struct Session::Write {
  uv_write_t request{};
  base::Bytes bytes;
};

Session::Session(uv_loop_t* loop, const Options& options, Stats& stats, Owner& owner, Seal seal)
    : loop_(loop),
      options_(options),
      stats_(stats),
      owner_(owner),
      seal_(std::move(seal)),
      started_millis_(uv_now(loop)),
      active_millis_(started_millis_) {
  CHECK(uv_tcp_init(loop, &tcp_) == 0);
  CHECK(uv_timer_init(loop, &timer_) == 0);
  tcp_.data = this;
  timer_.data = this;
}

bool Session::accept(uv_stream_t* server) {
  if (uv_accept(server, stream()) != 0) return false;
  sockaddr_storage storage{};
  int length = sizeof(storage);
  if (uv_tcp_getpeername(&tcp_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return false;
  remote_ = from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  return start_reading();
}

bool Session::connect(const Address& address, const NodeId& expected) {
  remote_ = address;
  expected_ = expected;
  int family = family_of(address);
  int descriptor = connecting_socket(family);
  if (descriptor < 0) return false;
  CHECK(uv_tcp_open(&tcp_, descriptor) == 0);
  auto storage = to_sockaddr(address, family);
  connect_.data = this;
  arm();
  return uv_tcp_connect(&connect_, &tcp_, reinterpret_cast<sockaddr*>(&storage), on_connected) == 0;
}

void Session::on_connected(uv_connect_t* request, int status) noexcept {
  auto& self = *static_cast<Session*>(request->data);
  if (self.ended_) return;
  if (status != 0 || !self.start_reading()) return self.end();
  self.write(self.seal_.start());
}

bool Session::start_reading() {
  uv_tcp_nodelay(&tcp_, 1);
  // note_write_progress() sees bytes that wait in this process. Only the kernel sees bytes that
  // wait in the kernel.
  uv_os_fd_t descriptor = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&tcp_), &descriptor) == 0) {
    limit_silence(descriptor, options_.write_stall_millis);
  }
  arm();
  return uv_read_start(stream(), on_allocate, on_read) == 0;
}

void Session::on_allocate(uv_handle_t*, std::size_t, uv_buf_t* buffer) noexcept {
  // libuv reads into this buffer and calls on_read before it asks again. So one buffer for each
  // thread is enough.
  static thread_local std::array<char, kReadBytes> bytes;
  *buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
}

void Session::on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept {
  auto& self = *static_cast<Session*>(stream->data);
  if (size == 0 || self.ended_) return;
  if (size < 0) return self.end();
  self.receive({buffer->base, static_cast<std::size_t>(size)});
}

void Session::receive(base::BytesView bytes) {
  stats_.bytes_received += bytes.size();
  active_millis_ = uv_now(loop_);
  std::vector<base::Bytes> messages;
  base::Bytes answer;
  bool good = seal_.receive(bytes, messages, answer);
  bool fresh = good && seal_.established() && !established();
  // This check comes before the answer: a peer that we did not expect must not get our identity.
  if (fresh && expected_ && *expected_ != seal_.peer()) good = false;
  if (!good) return fail();
  if (!answer.empty()) write(std::move(answer));
  if (fresh) become_established();
  for (const auto& message : messages) {
    if (ended_) return;  // the receiver of the last message may have closed everything
    owner_.message(*this, message);
  }
}

void Session::become_established() {
  if (ended_) return;
  established_millis_ = uv_now(loop_);
  arm();
  owner_.established(*this);
  for (auto& message : take_unsent()) {
    if (ended_) return;
    write(seal_.seal(message));
  }
}

void Session::send(base::Bytes message) {
  CHECK(!ended_);
  if (established()) return write(seal_.seal(message));
  unsent_bytes_ += message.size();
  unsent_.push_back(std::move(message));
}

std::deque<base::Bytes> Session::take_unsent() {
  unsent_bytes_ = 0;
  return std::exchange(unsent_, {});
}

std::size_t Session::queued_bytes() const {
  return uv_stream_get_write_queue_size(stream()) + unsent_bytes_;
}

void Session::write(base::Bytes sealed) {
  auto job = std::make_unique<Write>();
  job->bytes = std::move(sealed);
  job->request.data = job.get();
  auto buffer = uv_buf_init(job->bytes.data(), static_cast<unsigned>(job->bytes.size()));
  if (uv_write(&job->request, stream(), &buffer, 1, on_written) != 0) return end();
  handed_over_ += job->bytes.size();
  stats_.bytes_sent += job->bytes.size();
  (void)job.release();  // on_written owns it
  if (uv_stream_get_write_queue_size(stream()) > 0 && !watching_writes_) {
    watching_writes_ = true;
    progress_millis_ = uv_now(loop_);
    arm();
  }
}

void Session::on_written(uv_write_t* request, int status) noexcept {
  std::unique_ptr<Write> done(static_cast<Write*>(request->data));
  auto& self = *static_cast<Session*>(request->handle->data);
  if (self.ended_) return;
  if (status != 0) return self.end();
  self.active_millis_ = uv_now(self.loop_);
}

void Session::fail() {
  failed_ = true;
  end();
}

// One timer serves all: first the handshake, then idle time, and the progress of writing while
// bytes wait.
void Session::arm() {
  if (ended_) return;
  std::uint64_t now = uv_now(loop_);
  std::uint64_t due =
      established() ? active_millis_ + options_.idle_timeout_millis : handshake_due();
  if (watching_writes_) {
    due =
        std::min(due, now + std::max<std::uint64_t>(1, options_.write_stall_millis / kStallChecks));
  }
  uv_timer_start(&timer_, on_timer, due > now ? due - now : 0, 0);
}

void Session::on_timer(uv_timer_t* timer) noexcept {
  static_cast<Session*>(timer->data)->check_times();
}

void Session::check_times() {
  std::uint64_t now = uv_now(loop_);
  if (!established()) {
    if (now >= handshake_due()) return fail();
    return arm();
  }
  if (!note_write_progress()) return fail();
  if (now >= active_millis_ + options_.idle_timeout_millis) return end();
  arm();
}

std::uint64_t Session::handshake_due() const {
  bool silent = accepted() && !begun();
  return started_millis_ +
         (silent ? std::min(options_.first_message_millis, options_.handshake_timeout_millis)
                 : options_.handshake_timeout_millis);
}

bool Session::note_write_progress() {
  std::uint64_t now = uv_now(loop_);
  std::size_t waiting = uv_stream_get_write_queue_size(stream());
  std::uint64_t written = handed_over_ - waiting;
  if (written > written_) {
    written_ = written;
    progress_millis_ = now;
    active_millis_ = now;
  }
  watching_writes_ = waiting > 0;
  return waiting == 0 || now < progress_millis_ + options_.write_stall_millis;
}

void Session::end() {
  if (ended_) return;
  ended_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), on_closed);
  owner_.ended(*this);
}

void Session::on_closed(uv_handle_t* handle) noexcept {
  static_cast<Session*>(handle->data)->handle_closed();
}

void Session::handle_closed() {
  if (--handles_open_ == 0) owner_.released(*this);  // this deletes the session
}

}  // namespace transport
