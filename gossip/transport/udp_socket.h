#pragma once

// The UDP socket. Receives many datagrams with one system call. Sends at once, and keeps a small
// bounded queue for times when the kernel's queue is full.

#include <uv.h>

#include <functional>
#include <vector>

#include "gossip/address.h"

namespace transport {

using gossip::Address;

class UdpSocket {
 public:
  using OnDatagram = std::function<void(const Address& from, base::BytesView datagram)>;

  UdpSocket(std::size_t queue_bytes_max, OnDatagram on_datagram);
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // Takes over the bound descriptor. After this, close() must be called.
  void start(uv_loop_t* loop, int descriptor, int family);
  bool send(const Address& to, base::BytesView bytes);  // false: dropped
  void close(std::function<void()> closed);

 private:
  static void on_allocate(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
  static void on_receive(uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer,
                         const sockaddr* from, unsigned flags) noexcept;

  uv_udp_t handle_{};
  int family_ = 0;
  std::size_t queue_bytes_max_;
  OnDatagram on_datagram_;
  std::function<void()> closed_;
  std::vector<char> buffer_;
};

}  // namespace transport
