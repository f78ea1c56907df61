#include "gossip/transport/udp_socket.h"

#include <memory>

#include "crdt/base/check.h"
#include "gossip/transport/socket_address.h"

namespace transport {
namespace {

// libuv cuts the buffer into pieces of 64 KiB, one for each datagram. Only touched pages cost
// memory.
constexpr std::size_t kDatagramsPerCall = 16;
constexpr std::size_t kDatagramBytes = 64 * 1024;

struct Waiting {
  uv_udp_send_t request{};
  base::Bytes bytes;
};

void on_sent(uv_udp_send_t* request, int) noexcept {
  std::unique_ptr<Waiting> done(static_cast<Waiting*>(request->data));
}

uv_buf_t buffer_of(base::BytesView bytes) {
  // libuv only reads from it.
  return uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

}  // namespace

UdpSocket::UdpSocket(std::size_t queue_bytes_max, OnDatagram on_datagram)
    : queue_bytes_max_(queue_bytes_max),
      on_datagram_(std::move(on_datagram)),
      buffer_(kDatagramsPerCall * kDatagramBytes) {}

void UdpSocket::start(uv_loop_t* loop, int descriptor, int family) {
  family_ = family;
  CHECK(uv_udp_init_ex(loop, &handle_, UV_UDP_RECVMMSG) == 0);
  handle_.data = this;
  CHECK(uv_udp_open(&handle_, descriptor) == 0);
  CHECK(uv_udp_recv_start(&handle_, on_allocate, on_receive) == 0);
}

bool UdpSocket::send(const Address& to, base::BytesView bytes) {
  if (family_ == AF_INET && !to.is_v4()) return false;
  auto storage = to_sockaddr(to, family_);
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  auto buffer = buffer_of(bytes);
  int sent = uv_udp_try_send(&handle_, &buffer, 1, address);
  if (sent >= 0) return true;
  if (sent != UV_EAGAIN) return false;
  if (uv_udp_get_send_queue_size(&handle_) + bytes.size() > queue_bytes_max_) return false;
  auto waiting = std::make_unique<Waiting>();
  waiting->bytes = base::Bytes(bytes);
  waiting->request.data = waiting.get();
  buffer = buffer_of(waiting->bytes);
  if (uv_udp_send(&waiting->request, &handle_, &buffer, 1, address, on_sent) != 0) return false;
  (void)waiting.release();  // on_sent owns it
  return true;
}

void UdpSocket::close(std::function<void()> closed) {
  closed_ = std::move(closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) noexcept {
    // The callback may delete the socket.
    auto called = std::move(static_cast<UdpSocket*>(handle->data)->closed_);
    called();
  });
}

void UdpSocket::on_allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
  auto& all = static_cast<UdpSocket*>(handle->data)->buffer_;
  *buffer = uv_buf_init(all.data(), static_cast<unsigned>(all.size()));
}

void UdpSocket::on_receive(uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer,
                           const sockaddr* from, unsigned flags) noexcept {
  // Without a sender there is nothing left to read. An error of one datagram says nothing about the
  // next.
  if (size < 0 || from == nullptr || (flags & UV_UDP_PARTIAL) != 0) return;
  auto& socket = *static_cast<UdpSocket*>(handle->data);
  socket.on_datagram_(from_sockaddr(from), {buffer->base, static_cast<std::size_t>(size)});
}

}  // namespace transport
