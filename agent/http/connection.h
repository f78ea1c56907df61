#pragma once

// One client. Its bytes become requests, one at a time, and the answers go back in order. It
// deletes itself when its handles are closed. Parser reads, guard checks, LiveExchange talks to the
// handler, Outbox writes.

#include <uv.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/channel.h"
#include "agent/http/guard.h"
#include "agent/http/live_exchange.h"
#include "agent/http/live_socket.h"
#include "agent/http/outbox.h"
#include "agent/http/parser.h"
#include "agent/http/server.h"
#include "agent/http/tls.h"
#include "agent/http/websocket.h"

namespace http {

class Connection;

// The memory of one server for answers: how much is used, and who waits for some.
class AnswerRoom {
 public:
  explicit AnswerRoom(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void add(std::size_t bytes) { used_ += bytes; }  // held for a client, or reserved for an answer
  void remove(std::size_t bytes) { used_ -= bytes; }
  bool has(std::size_t bytes) const { return used_ == 0 || used_ + bytes <= bytes_max_; }
  std::size_t used() const { return used_; }

  std::deque<Connection*> waiting;  // in the order in which they asked

 private:
  std::size_t bytes_max_;
  std::size_t used_ = 0;
};

// What the connections of one server share.
struct Shared {
  uv_loop_t* loop;
  Options options;
  Doors doors;
  const Router& router;
  bool closing = false;
  Stats stats;
  // Bytes of bodies whose requests are not answered yet, and of WebSocket messages that are not
  // complete.
  std::size_t collected_bytes = 0;
  std::vector<char> read_buffer;    // one for all: its bytes are used before the next read
  std::shared_ptr<TlsContext> tls;  // of new connections by TCP; null: without TLS
  std::vector<Connection*> all;
  std::vector<Connection*> touched;   // advance() these once in this turn of the loop
  std::function<void()> removed;      // called when a connection has left `all`
  std::function<void()> room_wanted;  // called when a request waits: call give_room() regularly
  AnswerRoom room;

  void count_response(int status);
  // Makes room for `bytes`; false if that is not possible. It cuts off clients that have read
  // nothing for `stall_millis`, the longest first, but never `spared`.
  bool make_room(std::size_t bytes, std::uint64_t stall_millis, const Connection* spared);
  // Brings `collected_bytes` below its bound; false if that is not possible. It refuses bodies and
  // messages that have stood still for `answer_stall_millis`, the longest first, but never those of
  // `spared`.
  bool make_collecting_room(const Connection& spared);
  void give_room();  // to the requests that wait, in order
  // Closes the connection that has waited longest for the whole head of a request. False if none
  // has waited for `crowded_idle_millis`.
  bool end_longest_idle();
};

class Connection final : private ChannelUser {
 public:
  // Unsent bytes of answers, for a client that does not read. Above this, its next request waits.
  static constexpr std::size_t kUnsentMax = 64 * 1024;
  // After the last answer the client gets this long to read it and to close.
  static constexpr std::uint64_t kLingerMillis = 2'000;

  // Owns the socket from now on. Connections by TCP begin with TLS if there is a context for it.
  static void accept(Shared& shared, int socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void advance(std::string_view fresh);  // goes on as far as the bytes and the answers allow
  void drain();                          // the server is closing: finish what has begun
  void destroy();

  // Called by the exchange.
  void answer(Response response);
  void go_on();
  void start_stream(bool head_only);
  bool write_stream(std::string_view text);
  void end_stream();
  bool can_chunk() const { return !http_1_0_ && !head_only_; }
  void start_chunks(Response head, std::size_t room);
  bool write_chunk(std::string_view text);
  void end_chunks();
  void break_off();
  void when_taken(std::function<void()> go);
  void when_room(std::size_t bytes, std::function<void()> go);
  std::shared_ptr<Socket> upgrade(SocketEvents events);
  const Peer& peer() const { return channel_->peer(); }

  // Called by the socket.
  bool send_message(bool binary, std::string_view message);
  void close_socket(std::uint16_t code, std::string_view reason);
  void pause_socket(bool paused);
  std::size_t unsent() const { return outbox_.unsent(); }

  // Called by Shared.
  std::optional<std::uint64_t> stalled_millis();  // nullopt: nothing waits for this client
  void cut_off();
  bool take_room();                            // false: there is no room yet
  bool end_wait();                             // false: its time is not over yet
  std::optional<std::uint64_t> idle_millis();  // nullopt: it does not wait for a request
  std::optional<std::uint64_t> collecting_stall_millis();  // nullopt: nothing is collected
  void refuse_collecting();

  std::size_t place = 0;  // index in Shared::all
  bool touched = false;

 private:
  enum class State {
    kHead,       // reads the head of a request
    kBody,       // collects a body for a handler
    kAnswering,  // a handler has the request; its body may still stream
    kChunks,     // a handler sends the answer in chunks
    kStream,     // an event stream
    kSocket,     // a WebSocket
    kFinishing,  // the last answer is being written
    kLinger,     // all is written; waits for the client to close
  };

  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  Connection(Shared& shared, std::unique_ptr<Channel> channel);
  ~Connection();

  // Each of them shortens `input` by what it took. True: there may be more to do.
  bool step(std::string_view& input);
  bool take_head(std::string_view& input);
  bool take_body(std::string_view& input);
  bool pass_body(std::string_view& input);
  bool read_socket(std::string_view& input);

  void open_request(std::string_view head);
  void find_route();
  void judge_caller();
  void judge_body();
  void end_body();
  void dispatch();
  bool read_body(std::string_view& input, std::string_view& piece);
  void refuse(int status, const base::Error& error);  // answers, then closes the connection
  void reply(Response response);                      // answers without a handler
  bool may_keep_alive() const;
  void put_answer(Response response, bool keep_alive);
  void leave_request(State next);
  bool collect(std::size_t bytes);  // so many are held now; false: there is no memory for them
  void forget_collected();
  void account();
  void keep_room(std::size_t bytes);
  void stop_waiting();
  void leave_stream();
  bool is_stream() const { return state_ == State::kStream || state_ == State::kSocket; }
  bool has_stream_free() const;
  void refuse_stream();
  bool make_stream_room(std::size_t bytes);
  bool pass_stream();
  void cut_stream();
  void leave_socket();
  std::uint64_t socket_due() const;
  void expire_socket();
  void tell_closed();
  void tell_taken();
  void lose_exchange();

  void keep_input(bool stored, std::size_t taken, std::string_view rest);
  bool flush();
  void settle();  // after any progress: write, end, start or stop reading, set the timer
  void end_if_starved();
  void shut_down();
  bool is_streaming_body() const;
  bool waits_for_body() const;
  void update_reading();
  std::uint64_t due() const;
  void arm();
  void expire();
  void expire_unsent();
  bool look_at_caller();

  void on_bytes(std::string_view bytes) override;
  void on_end() override;
  void on_broken() override;
  void on_drained(bool ok) override;
  void on_channel_closed() override;
  static void on_timer(uv_timer_t* timer);
  void close_part();

  Shared& shared_;
  std::unique_ptr<Channel> channel_;
  uv_timer_t timer_{};
  int open_parts_ = 2;  // the channel and the timer
  Outbox outbox_;
  Parser parser_;

  State state_ = State::kHead;
  bool advancing_ = false;
  bool closed_ = false;
  bool eof_ = false;
  bool reading_ = false;
  bool served_ = false;  // a request was answered already

  std::string input_;            // read but not yet used
  std::size_t input_start_ = 0;  // bytes before it were used
  std::size_t scanned_ = 0;      // bytes of the head already searched for its end

  std::shared_ptr<LiveExchange> pending_;    // from the end of its head until a handler has it
  LiveExchange* exchange_ = nullptr;         // a handler has it
  std::shared_ptr<LiveExchange> lost_;       // must be told that the client is gone
  std::unique_ptr<WebSocket> websocket_;     // from the upgrade on
  std::shared_ptr<LiveSocket> socket_;       // only in the state kSocket
  std::shared_ptr<LiveSocket> lost_socket_;  // must be told that it is closed
  bool pinged_ = false;                      // and nothing came since then
  std::size_t collected_ = 0;                // bytes of the present body or message
  std::size_t accounted_ = 0;                // bytes of outbox_ that are counted in AnswerRoom
  std::size_t kept_room_ = 0;                // bytes reserved for the next answer
  std::size_t chunk_room_ = 0;               // bytes that an answer in chunks counts at least
  std::size_t wanted_room_ = 0;
  std::uint64_t waits_since_ = 0;
  std::function<void()> when_room_;   // set while the request waits for room
  std::function<void()> when_taken_;  // set while the next chunk waits for the client
  const Route* route_ = nullptr;
  std::string caller_;                     // of the last request, by the judge; empty: no key
  std::unique_ptr<BodyCheck> body_check_;  // of the body that is collected now
  Headers cors_;  // headers that every answer to this request gets; those of the judge too
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool http_1_0_ = false;
  bool wants_continue_ = false;
  bool end_delivered_ = false;

  std::uint64_t since_ = 0;          // when the present wait began or last made progress
  std::uint64_t unsent_since_ = 0;   // when the pending write began or last made progress
  std::size_t unsent_seen_ = 0;      // bytes of it left at that time
  std::uint64_t timer_due_ = 0;      // 0: the timer is not running
  std::uint64_t look_due_ = kNever;  // when the dates of the client's one are judged again
};

}  // namespace http
