#include "gossip/transport/transport.h"

#include <csignal>

#include "crdt/base/check.h"
#include "gossip/transport/listener.h"
#include "gossip/transport/session_table.h"
#include "gossip/transport/socket_address.h"
#include "gossip/transport/udp_socket.h"

namespace transport {

struct Transport::Impl {
  Impl(uv_loop_t* loop, const Options& wanted, const gossip::wire::MeshKey& key,
       const gossip::wire::SessionSeal::Identity& self, base::Random random, Handlers told)
      : options(wanted),
        handlers(std::move(told)),
        udp(options.datagram_queue_bytes_max, handlers.on_datagram),
        sessions(loop, options, stats, key, self, std::move(random), handlers),
        listener([this](uv_stream_t* server) { sessions.accept(server); }) {}

  void part_closed();

  Options options;
  Handlers handlers;
  Stats stats;
  Address bound;
  UdpSocket udp;
  SessionTable sessions;
  Listener listener;
  bool closing = false;
  int parts_open = 3;  // udp, sessions, listener
  std::function<void()> closed;
};

base::Result<std::unique_ptr<Transport>> Transport::open(
    uv_loop_t* loop, const Address& bind, const Options& options, const gossip::wire::MeshKey& key,
    const gossip::wire::SessionSeal::Identity& self, base::Random random, Handlers handlers) {
  ASSIGN_OR_RETURN(auto sockets, bind_sockets(bind, options.receive_buffer_bytes));
  std::signal(SIGPIPE, SIG_IGN);
  auto impl =
      std::make_unique<Impl>(loop, options, key, self, std::move(random), std::move(handlers));
  impl->bound = sockets.address;
  impl->udp.start(loop, sockets.udp, family_of(sockets.address));
  impl->listener.start(loop, sockets.tcp, sockets.address);
  return std::unique_ptr<Transport>(new Transport(std::move(impl)));
}

Transport::Transport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Transport::~Transport() { CHECK(impl_->parts_open == 0); }

Address Transport::bound() const { return impl_->bound; }

const Stats& Transport::stats() const { return impl_->stats; }

void Transport::send_datagram(const Address& to, base::BytesView bytes) {
  if (impl_->closing || !impl_->udp.send(to, bytes)) ++impl_->stats.datagrams_dropped;
}

bool Transport::send_frame(const NodeId& peer, const Address& address, base::Bytes message) {
  return impl_->sessions.send(peer, address, std::move(message));
}

void Transport::close(std::function<void()> closed) {
  CHECK(!impl_->closing);
  impl_->closing = true;
  impl_->closed = std::move(closed);
  auto part_closed = [impl = impl_.get()] { impl->part_closed(); };
  impl_->sessions.close(part_closed);
  impl_->listener.close(part_closed);
  impl_->udp.close(part_closed);
}

void Transport::Impl::part_closed() {
  if (--parts_open > 0) return;
  // The callback may delete the transport.
  auto called = std::move(closed);
  called();
}

}  // namespace transport
