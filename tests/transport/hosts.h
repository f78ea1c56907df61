#pragma once

// Several transports on one loop over loopback. Each records what it was told. Also raw sockets
// that disturb them.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gossip/transport/socket_address.h"
#include "gossip/transport/transport.h"

namespace transport {

inline gossip::wire::MeshKey mesh_key(std::uint64_t seed) {
  auto random = base::Random::from_number(seed);
  return gossip::wire::MeshKey::generate(random);
}

inline gossip::wire::SessionSeal::Identity host_identity(char letter) {
  gossip::wire::SessionSeal::Identity out;
  out.node.bytes.fill(static_cast<unsigned char>(letter));
  out.signing = gossip::wire::SigningKey::from_seed(base::Bytes(32, letter));
  return out;
}

struct Host {
  std::unique_ptr<Transport> transport;
  NodeId node;
  std::vector<std::pair<Address, base::Bytes>> datagrams;
  std::vector<std::pair<NodeId, base::Bytes>> frames;
  std::vector<NodeId> sessions_closed;
  bool last_opened = false;      // of these
  std::vector<Address> members;  // addresses for which places are reserved
  std::function<void(const NodeId&, base::BytesView)> on_frame;  // if set, instead of `frames`

  Address address() const { return transport->bound(); }
  const Stats& stats() const { return transport->stats(); }
  bool send(const Host& to, base::Bytes message) {
    return transport->send_frame(to.node, to.address(), std::move(message));
  }
};

// Runs the loop until the condition of the test holds. No handle may be left at the end.
class OnLoop : public testing::Test {
 protected:
  OnLoop() { EXPECT_EQ(uv_loop_init(&loop_), 0); }
  ~OnLoop() override {
    for (auto& host : hosts_) close(*host);
    for (int fd : raw_) ::close(fd);
    uv_run(&loop_, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop_), 0);
  }

  static Address any_port() { return *Address::parse("127.0.0.1:0"); }

  base::Result<std::unique_ptr<Transport>> open(Host& host, char letter, const Address& bind,
                                                const Options& options, std::uint64_t key) {
    host.node = host_identity(letter).node;
    Handlers handlers;
    handlers.on_datagram = [&host](const Address& from, base::BytesView bytes) {
      host.datagrams.emplace_back(from, bytes);
    };
    handlers.on_frame = [&host](const NodeId& from, base::BytesView bytes) {
      if (host.on_frame) return host.on_frame(from, bytes);
      host.frames.emplace_back(from, bytes);
    };
    handlers.on_session_closed = [&host](const NodeId& peer, bool opened) {
      host.sessions_closed.push_back(peer);
      host.last_opened = opened;
    };
    handlers.is_member = [&host](const Address& from) {
      for (const Address& member : host.members) {
        if (member.ip == from.ip) return true;
      }
      return false;
    };
    return Transport::open(&loop_, bind, options, mesh_key(key), host_identity(letter),
                           base::Random::from_number(++chance_), std::move(handlers));
  }

  Host& host(char letter, const Options& options = {}, const Address& bind = any_port(),
             std::uint64_t key = 1) {
    hosts_.push_back(std::make_unique<Host>());
    auto transport = open(*hosts_.back(), letter, bind, options, key);
    EXPECT_TRUE(transport.ok()) << (transport.ok() ? "" : transport.error().message);
    hosts_.back()->transport = std::move(*transport);
    return *hosts_.back();
  }

  void close(Host& host) {
    if (!host.transport) return;
    bool done = false;
    host.transport->close([&done] { done = true; });
    EXPECT_TRUE(until([&done] { return done; }));
    host.transport.reset();
  }

  bool until(const std::function<bool()>& content, std::uint64_t millis = 10'000) {
    uv_timer_t timer;
    bool late = false;
    uv_timer_init(&loop_, &timer);
    timer.data = &late;
    uv_update_time(&loop_);
    uv_timer_start(
        &timer, [](uv_timer_t* handle) { *static_cast<bool*>(handle->data) = true; }, millis, 0);
    while (!content() && !late) {
      uv_run(&loop_, UV_RUN_ONCE);
      ++turns_;
    }
    bool gone = false;
    timer.data = &gone;
    uv_close(reinterpret_cast<uv_handle_t*>(&timer),
             [](uv_handle_t* handle) { *static_cast<bool*>(handle->data) = true; });
    while (!gone) uv_run(&loop_, UV_RUN_NOWAIT);
    return content();
  }
  void pass(std::uint64_t millis) {
    until([] { return false; }, millis);
  }

  // A connected TCP socket of no transport; reads and writes do not block.
  int raw_connection(const Address& to, const char* source = "127.0.0.1:0") {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    auto here = to_sockaddr(*Address::parse(source), AF_INET);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&here), sizeof(sockaddr_in)), 0);
    auto storage = to_sockaddr(to, AF_INET);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&storage), sizeof(sockaddr_in)), 0);
    raw_.push_back(fd);
    return fd;
  }
  // A datagram socket of no transport on a port of its own.
  Address raw_datagram_socket() {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    raw_.push_back(fd);
    auto storage = to_sockaddr(any_port(), AF_INET);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&storage), sizeof(sockaddr_in)), 0);
    socklen_t length = sizeof(storage);
    getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
    return from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  }
  static void raw_write(int fd, base::BytesView bytes) {
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Returns what has arrived, and whether the other side has closed.
  static std::pair<base::Bytes, bool> raw_read(int fd) {
    base::Bytes all;
    char buffer[4096];
    for (;;) {
      ssize_t size = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (size > 0) all.append(buffer, static_cast<std::size_t>(size));
      if (size == 0) return {all, true};
      if (size < 0) return {all, errno != EAGAIN};
    }
  }
  bool cut(int fd, std::uint64_t millis = 5'000) {
    return until([fd] { return raw_read(fd).second; }, millis);
  }

  uv_loop_t loop_{};
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<int> raw_;
  std::uint64_t chance_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace transport
