#pragma once

// All sockets of the mesh: one UDP socket and one TCP listener on the same port, and sealed
// sessions with peers, on a libuv loop. Call it only from the thread of the loop. Every queue is
// bounded; a full one drops and counts. Unauthenticated connections are few and short, and get no
// answer.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

#include "crdt/base/random.h"
#include "crdt/base/result.h"
#include "gossip/address.h"
#include "gossip/wire/session_seal.h"

namespace transport {

using gossip::Address;
using gossip::NodeId;

struct Options {
  // Bytes that wait to be written to one peer; above that frames are dropped.
  std::size_t session_queue_bytes_max = 32u << 20;
  std::size_t sessions_max = 256;  // established; then the least recently used closes
  // Unfinished incoming sessions: so many from addresses where members are, and again so many from
  // all other addresses. Above that one is closed for each new one: see SessionTable.
  std::size_t handshakes_max = 64;
  std::size_t handshakes_per_ip_max = 8;  // of these, from one address; with IPv6 from one /64
  std::size_t openings_max = 256;         // unfinished outgoing ones; above that refused
  std::size_t message_bytes_max = 25u << 20;
  std::uint64_t first_message_millis = 1'000;  // a session without a valid first message closes
  std::uint64_t handshake_timeout_millis = 5'000;
  std::uint64_t idle_timeout_millis = 60'000;  // an established session without traffic closes
  // A session closes when its peer acknowledges nothing for so long. This is not longer than an
  // exchange waits (exchange_timeout), so that the next try of the exchange gets a new connection.
  std::uint64_t write_stall_millis = 10'000;
  int receive_buffer_bytes = 4 << 20;  // SO_RCVBUF of the UDP socket
  // While the kernel takes none; then dropped.
  std::size_t datagram_queue_bytes_max = 256u << 10;
};

struct Stats {
  std::uint64_t datagrams_dropped = 0;  // the kernel did not take them
  std::uint64_t sessions_opened = 0;
  std::uint64_t sessions_accepted = 0;
  std::uint64_t handshakes_refused = 0;    // bad MAC, bad signature, timeout, displaced
  std::uint64_t handshakes_displaced = 0;  // of these: closed to make room for a new one
  std::uint64_t frames_dropped = 0;        // queue full, or no session could be opened
  std::uint64_t bytes_sent = 0;            // on sessions
  std::uint64_t bytes_received = 0;
};

// Called from the loop, never from within a call of Transport, and never after close().
struct Handlers {
  std::function<void(const Address& from, base::BytesView datagram)> on_datagram;
  std::function<void(const NodeId& from, base::BytesView message)> on_frame;
  // The session that carried frames to `peer` ended, or (`opened` is false) it could not be opened.
  // The messages that waited in it are lost.
  std::function<void(const NodeId& peer, bool opened)> on_session_closed;
  // True if a member is at this address, with any port. May be empty: then no member is.
  std::function<bool(const Address& from)> is_member;
};

class Transport {
 public:
  // Binds UDP and TCP to the same port; port 0 picks a port that is free for both. kConflict when
  // the port is in use. Ignores SIGPIPE for the process, because libuv writes to sockets that a
  // peer may have closed.
  static base::Result<std::unique_ptr<Transport>> open(
      uv_loop_t* loop, const Address& bind, const Options& options,
      const gossip::wire::MeshKey& key, const gossip::wire::SessionSeal::Identity& self,
      base::Random random, Handlers handlers);
  ~Transport();  // close() must have finished

  Address bound() const;
  void send_datagram(const Address& to, base::BytesView bytes);
  // Queues for the session with `peer`. If there is none, opens one to `address`. False: dropped.
  bool send_frame(const NodeId& peer, const Address& address, base::Bytes message);
  // Closes every handle, then calls `closed` from the loop.
  void close(std::function<void()> closed);
  const Stats& stats() const;

 private:
  struct Impl;
  explicit Transport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace transport
