#include "agent/http/stream_channel.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "agent/http/uv_handle.h"
#include "crdt/base/check.h"

namespace http {
namespace {

Peer peer_of(int socket) {
  Peer peer;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return peer;
  if (address.ss_family == AF_UNIX) {
    peer.kind = Peer::Kind::kUnix;
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0) {
      peer.user = credentials.uid;
    }
  } else if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    peer.loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    peer.loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
  }
  return peer;
}

int family_of(int socket) {
  int family = 0;
  socklen_t size = sizeof family;
  return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 ? family : -1;
}

}  // namespace

std::unique_ptr<StreamChannel> StreamChannel::open(uv_loop_t* loop, int socket,
                                                   std::vector<char>& read_buffer) {
  std::unique_ptr<StreamChannel> self(new StreamChannel(read_buffer));
  if (self->take(loop, socket)) return self;
  ::close(socket);
  // The handle belongs to the loop until it is closed.
  uv_close(as_handle(self.release()->stream()), [](uv_handle_t* handle) {
    auto* unused = static_cast<StreamChannel*>(handle->data);
    unused->closed_ = true;
    delete unused;
  });
  return nullptr;
}

bool StreamChannel::take(uv_loop_t* loop, int socket) {
  if (family_of(socket) == AF_UNIX) {
    uv_pipe_init(loop, &handle_.pipe, 0);
    handle_.stream.data = this;
    if (uv_pipe_open(&handle_.pipe, socket) != 0) return false;
  } else {
    uv_tcp_init(loop, &handle_.tcp);
    handle_.stream.data = this;
    if (uv_tcp_open(&handle_.tcp, socket) != 0) return false;
    uv_tcp_nodelay(&handle_.tcp, 1);
  }
  write_.data = this;
  peer_ = peer_of(socket);
  return true;
}

StreamChannel::~StreamChannel() { CHECK(closed_); }

bool StreamChannel::start_reading() { return uv_read_start(stream(), allocate, on_read) == 0; }

void StreamChannel::stop_reading() { uv_read_stop(stream()); }

void StreamChannel::allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  auto& bytes = static_cast<StreamChannel*>(handle->data)->read_buffer_;
  *buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
}

void StreamChannel::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  ChannelUser& user = *static_cast<StreamChannel*>(stream->data)->user_;
  if (count > 0) return user.on_bytes({buffer->base, static_cast<std::size_t>(count)});
  if (count == 0) return;
  count == UV_EOF ? user.on_end() : user.on_broken();
}

std::optional<std::size_t> StreamChannel::try_write(std::string_view text) {
  if (unsent() > 0) return 0;
  uv_buf_t buffer = uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
  int written = uv_try_write(stream(), &buffer, 1);
  if (written < 0 && written != UV_EAGAIN) return std::nullopt;
  return static_cast<std::size_t>(std::max(written, 0));
}

// libuv writes what the socket takes at once, and keeps the rest until it takes more.
Channel::Wrote StreamChannel::write(std::span<std::string> pieces) {
  std::vector<uv_buf_t> buffers;
  buffers.reserve(pieces.size());
  for (std::string& piece : pieces) {
    buffers.push_back(uv_buf_init(piece.data(), static_cast<unsigned>(piece.size())));
  }
  int status = uv_write(&write_, stream(), buffers.data(), static_cast<unsigned>(buffers.size()),
                        on_written);
  return status == 0 ? Wrote::kLater : Wrote::kBroken;
}

void StreamChannel::on_written(uv_write_t* request, int status) {
  static_cast<StreamChannel*>(request->data)->user_->on_drained(status == 0);
}

std::size_t StreamChannel::unsent() const {
  return uv_stream_get_write_queue_size(&handle_.stream);
}

void StreamChannel::shut_down() {
  uv_shutdown(&shutdown_, stream(), [](uv_shutdown_t*, int) {});
}

void StreamChannel::close() {
  uv_close(as_handle(stream()), [](uv_handle_t* handle) {
    auto* self = static_cast<StreamChannel*>(handle->data);
    self->closed_ = true;
    self->user_->on_channel_closed();
  });
}

}  // namespace http
