#pragma once

// HTTP/1.1 on a libuv loop, by TCP, TLS and Unix sockets: keep-alive, pipelining (one request at a
// time, answers in order), HEAD, Expect: 100-continue, chunked requests, streamed request bodies,
// server-sent events, WebSockets. Beast parses; guard.h has the checks that Beast leaves to us.
// Loop thread only. Handlers answer at once or later, from the loop thread.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/http/judge.h"
#include "agent/http/message.h"
#include "agent/http/peer.h"
#include "agent/http/router.h"
#include "agent/http/socket.h"
#include "crdt/base/result.h"

namespace http {

struct Options {
  std::size_t head_bytes_max = 16 * 1024;       // above: 431
  std::uint64_t head_timeout_millis = 10'000;   // above: 408
  std::uint64_t body_stall_millis = 30'000;     // no byte of a body for this time: 408
  std::uint64_t idle_timeout_millis = 120'000;  // a connection without a request is closed
  // When so many are open, the one that has waited longest for a request, for at least
  // `crowded_idle_millis`, is closed for a new one. If there is none, the new one is closed at once
  // and counted.
  std::size_t connections_max = 2'048;
  std::uint64_t crowded_idle_millis = 1'000;
  // Unsent bytes of one event stream or WebSocket; above: it is cut off. A larger text is still
  // sent when nothing waits.
  std::size_t stream_bytes_max = 4u << 20;
  std::size_t body_pause_bytes = 4u << 20;  // unused, of a streamed body; above: reading pauses
  // Bytes of bodies that are not answered yet and of WebSocket messages that are not complete.
  // Above: those that have stood still for `answer_stall_millis` are refused, the longest first,
  // else the one that grows (503; a WebSocket is closed with 1013).
  std::size_t collected_bytes_max = 64u << 20;
  std::size_t streams_max = 1'024;  // open event streams and WebSockets; above: 503
  // Bytes of all answers and streams that wait for their clients. When it is used up, requests for
  // large answers wait. Clients that have read nothing for `answer_stall_millis` are cut off, the
  // longest first.
  std::size_t answer_bytes_max = 32u << 20;
  std::uint64_t answer_stall_millis = 1'000;
  std::uint64_t answer_wait_millis = 30'000;  // a request that waits longer for room gets 503
  // A WebSocket whose client has sent nothing for so long gets a ping, and is closed when nothing
  // comes after that.
  std::uint64_t ping_every_millis = 30'000;
  std::uint64_t pong_wait_millis = 30'000;
  std::uint64_t close_wait_millis = 5'000;  // how long the client may take to answer our close
  // How often the certificate of a client is looked at, and the key of a stream or WebSocket.
  std::uint64_t look_millis = 10'000;
  std::vector<std::string> hosts;    // allowed Host values besides loopback and the bound one
  std::vector<std::string> origins;  // allowed Origin values; they get CORS headers
  Judge judge;                       // who may send which request; none: everybody
  StillAllowed still_allowed;        // who may go on with a stream; none: everybody
};

// One request and its answer. The callbacks of on_body and on_gone may hold the exchange: they are
// released when the answer is given or the client is gone. A client that has only closed its
// sending side still gets its answer; an event stream ends then. The last reference may be dropped
// at any time; if there was no answer, the client gets 500. When gone() is true, everything that is
// sent is ignored.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual const Peer& peer() const;  // here: a TCP client of nowhere, for tests
  virtual void respond(Response response) = 0;
  void fail(const base::Error& error) { respond(error_response(error)); }
  virtual bool gone() const = 0;

  // Calls `go` when there is memory for an answer of about `bytes`, at once or later from the loop.
  // The memory is reserved until the answer is given. A request that waits too long gets 503. Then,
  // and when the client is gone, `go` is dropped.
  virtual void when_room(std::size_t bytes, std::function<void()> go) = 0;

  // For routes that stream their body. `piece` gets the parts in order, then one empty part at the
  // end. When it returns false, reading pauses until resume().
  virtual void on_body(std::function<bool(std::string_view piece)> piece) = 0;
  virtual void resume() = 0;

  // Sends an answer in parts (chunked). It begins with the status and headers of `head`, goes on
  // with write(), and ends with end_stream(). Only if can_chunk(): clients of HTTP/1.0 do not know
  // chunks, and the answer to HEAD has no body. It counts as `room` bytes in AnswerRoom, or as what
  // waits for its client if that is more.
  virtual bool can_chunk() const = 0;
  virtual void start_chunks(Response head, std::size_t room) = 0;
  // Calls `go` from the loop when the client has taken what was written, except about 64 KiB. It is
  // dropped when the client is gone. Write the next part then, so that a slow client costs no more
  // memory than one part.
  virtual void when_taken(std::function<void()> go) = 0;
  // Ends an answer that was begun and cannot be completed: closes the connection without the last
  // chunk, so that the client knows. Dropping the last reference does the same.
  virtual void break_off() = 0;

  // Turns the exchange of a route with `websocket` into a WebSocket. Null: the client is gone, or
  // too many streams are open and it got 503.
  virtual std::shared_ptr<Socket> upgrade(SocketEvents events);

  // Turns the exchange into an event stream (text/event-stream). write() then appends text
  // unchanged. False: the client is gone, or it was too slow and was cut off, or too many streams
  // are open.
  virtual void start_stream() = 0;
  virtual bool write(std::string_view text) = 0;
  virtual std::size_t unsent() const = 0;  // of a stream: bytes that its client has not read yet
  virtual void end_stream() = 0;
  // `closed` is called once, from the loop, when the client is gone before the answer was complete.
  // It is never called after respond() or end_stream(), and never from inside write().
  virtual void on_gone(std::function<void()> closed) = 0;
};

struct Stats {
  std::uint64_t connections = 0;  // open now
  std::uint64_t connections_total = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t streams = 0;                // open now
  std::uint64_t websockets = 0;             // open now
  std::uint64_t streams_cut = 0;            // WebSockets too
  std::uint64_t tls_handshakes_failed = 0;  // also those that the client did not go on with
  std::uint64_t answer_bytes = 0;           // held now for clients that have not read them
  std::uint64_t answers_cut = 0;            // clients cut off because others needed the memory
  std::uint64_t answers_wait = 0;           // requests that wait for memory now
  std::uint64_t answers_refused = 0;        // requests that got 503 after waiting
  std::uint64_t answers_broken = 0;  // answers in chunks that were not completed, after an error
  std::vector<std::pair<int, std::uint64_t>> responses;  // by status code
};

class TlsContext;

class Server {
 public:
  // `host` is numeric; port 0 picks a free port. kConflict when the address is in use. `router`
  // must outlive the server. Ignores SIGPIPE unless the program handles it.
  static base::Result<std::unique_ptr<Server>> open(uv_loop_t* loop, const std::string& host,
                                                    std::uint16_t port, const Options& options,
                                                    const Router& router);
  // Listens on a Unix socket too, for the user of this process only (0600). A socket that an
  // earlier process has left is replaced; close() removes the file. kTooLarge: the path is too long
  // for a Unix socket. Call it at most once.
  base::Status listen_unix(const std::string& path);
  // New connections by TCP begin with TLS; null: without. Others go on as they are.
  void set_tls(std::shared_ptr<TlsContext> tls);
  ~Server();  // close() must have finished
  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:7780"
  // Stops accepting, lets answers finish for at most `grace_millis`, closes all connections, then
  // calls `closed`.
  void close(std::uint64_t grace_millis, std::function<void()> closed);
  Stats stats() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
