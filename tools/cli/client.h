#pragma once

// An HTTP client of one agent, on libcurl, by TCP, TLS 1.3 or a Unix socket. It never follows a
// redirect, never uses a proxy, and sends paths unchanged (`..` is an ordinary segment). A status
// of 300 or more is an Error with the message of the agent; code_info() of its code gives the exit
// code. An error answer without the form `{"error":{"code","message"}}` comes from another program:
// kInvalid, whatever its status is.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "tools/cli/endpoint.h"

namespace cli {

struct Answer {
  std::string body;
  std::string link;       // value of the Link header
  bool in_parts = false;  // chunked: the agent sends it while it still reads
};

class Client {
 public:
  // No answer within `timeout_millis` gives kTimeout. No connection within 2 s gives kUnavailable,
  // and so does an agent that ends before it answers. A TLS that cannot be set up gives kInvalid or
  // kUnauthorized (tls_problem.h).
  Client(Endpoint endpoint, long timeout_millis);
  ~Client();
  Client(Client&&) noexcept;
  Client another() const;  // a client of the same agent with its own connection

  // The error that another program answered at this address. `asked` is the request, for example
  // "GET /v1/members".
  base::Error foreign(std::string_view asked) const;

  base::Result<Answer> get(const std::string& path);
  // The same, and calls `arrived` with the answer so far whenever more of an answer in parts has
  // arrived. False: gives up. A part that does not come to its end is an error, also when the rows
  // before it were good.
  using Arrived = std::function<bool(const Answer& so_far)>;
  base::Result<Answer> get(const std::string& path, const Arrived& arrived);
  // A write has a name of its own (Idempotency-Key). If the agent goes away before it answers, the
  // write is sent again, twice at most.
  base::Result<Answer> send(const std::string& method, const std::string& path,
                            const std::string& body);

  // Streams a body of unknown length, chunked, without a time limit. `read` fills the buffer and
  // returns the number of bytes, 0 at the end, or an error to give up.
  using Read = std::function<base::Result<std::size_t>(char* buffer, std::size_t size)>;
  base::Result<Answer> upload(const std::string& path, const std::string& content_type,
                              const Read& read);

  // Passes the bytes of an answer of any length to `piece`, until it returns false. The time limit
  // is for the first byte and then for silence. ok only if the answer came to its end.
  base::Status download(const std::string& path,
                        const std::function<bool(std::string_view)>& piece);

  // Follows an event stream without a time limit and passes each piece to `piece`. Returns an error
  // when the agent refuses, kUnavailable when there is no connection, kInvalid when the answer is
  // no event stream, and ok when the stream has ended or broken.
  base::Status follow(const std::string& path, const std::string& last_event_id,
                      const std::function<bool(std::string_view)>& piece);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cli
