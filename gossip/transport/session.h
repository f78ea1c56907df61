#pragma once

// One TCP connection with its seal. It connects or is accepted, does the handshake, carries
// messages both ways, and ends by itself when a time or bound of Options is exceeded. SessionTable
// decides which sessions there are and what they are for. A session lives until its owner has got
// `released`.

#include <uv.h>

#include <deque>
#include <optional>

#include "gossip/address.h"
#include "gossip/transport/transport.h"
#include "gossip/wire/session_seal.h"

namespace transport {

class Session {
 public:
  // Called only from the loop. `ended` may also be called from within any call of the session.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void established(Session& session) = 0;
    virtual void message(Session& session, base::BytesView message) = 0;
    virtual void ended(Session& session) = 0;     // the session carries no more messages
    virtual void released(Session& session) = 0;  // delete it
  };
  using Seal = gossip::wire::SessionSeal;

  Session(uv_loop_t* loop, const Options& options, Stats& stats, Owner& owner, Seal seal);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool accept(uv_stream_t* server);
  bool connect(const Address& address, const NodeId& expected);
  // Queues; the owner has checked that it fits.
  void send(base::Bytes message);
  std::deque<base::Bytes> take_unsent();  // the messages that wait for the handshake
  void end();
  void fail();  // ends the session and counts it as refused

  // For an accepted session: its first message was taken.
  bool begun() const { return seal_.begun(); }
  bool established() const { return established_millis_.has_value(); }
  bool ended() const { return ended_; }
  // We refused it because of its seal, a timeout or the peer.
  bool failed() const { return failed_; }
  bool accepted() const { return !expected_; }
  // For a connecting session.
  const std::optional<NodeId>& expected() const { return expected_; }
  const NodeId& peer() const { return seal_.peer(); }  // when established
  const Address& remote() const { return remote_; }
  bool of_member() const { return of_member_; }  // accepted, and a member is at its address
  void set_of_member(bool is) { of_member_ = is; }
  std::size_t queued_bytes() const;
  std::size_t unsent() const { return unsent_.size(); }
  std::uint64_t established_millis() const { return *established_millis_; }
  std::uint64_t active_millis() const { return active_millis_; }

 private:
  struct Write;

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp_); }
  const uv_stream_t* stream() const { return reinterpret_cast<const uv_stream_t*>(&tcp_); }
  bool start_reading();
  void receive(base::BytesView bytes);
  void become_established();
  void write(base::Bytes sealed);
  void arm();
  void check_times();
  std::uint64_t handshake_due() const;
  bool note_write_progress();  // false: writing has stalled for too long
  void handle_closed();

  static void on_connected(uv_connect_t* request, int status) noexcept;
  static void on_allocate(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept;
  static void on_written(uv_write_t* request, int status) noexcept;
  static void on_timer(uv_timer_t* timer) noexcept;
  static void on_closed(uv_handle_t* handle) noexcept;

  uv_loop_t* loop_;
  const Options& options_;
  Stats& stats_;
  Owner& owner_;
  Seal seal_;
  uv_tcp_t tcp_{};
  uv_timer_t timer_{};
  uv_connect_t connect_{};
  int handles_open_ = 2;
  Address remote_;
  std::optional<NodeId> expected_;
  bool ended_ = false;
  bool failed_ = false;
  bool of_member_ = false;
  std::uint64_t started_millis_;
  std::uint64_t active_millis_;
  std::optional<std::uint64_t> established_millis_;
  std::deque<base::Bytes> unsent_;  // plaintext, until the seal is established
  std::size_t unsent_bytes_ = 0;
  std::uint64_t handed_over_ = 0;  // bytes given to libuv so far
  std::uint64_t written_ = 0;      // of these, bytes that libuv has written
  std::uint64_t progress_millis_ = 0;
  bool watching_writes_ = false;
};

}  // namespace transport
