#pragma once

// An HTTP client of one agent, on libcurl. Never follows a redirect, never uses a proxy, sends
// paths as they are (`..` is an ordinary segment). An answer of 300 or more is an Error with the
// agent's own message; code_info() of its code gives the exit code. One that has not the form of an
// agent's error (`{"error":{"code","message"}}`) comes from something else: kInvalid, whatever its
// status.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace cli {

struct Answer {
  std::string body;
  std::string link;  // the Link header
};

class Client {
 public:
  // No answer within `timeout_millis`: kTimeout. Connecting takes 2 s at most: kUnavailable.
  Client(std::string base_url, long timeout_millis);
  ~Client();
  Client(Client&&) noexcept;
  Client another() const;  // of the same agent, with a connection of its own

  // That what answered at this address is no agent; `asked` says to what ("GET /v1/members").
  base::Error foreign(std::string_view asked) const;

  base::Result<Answer> get(const std::string& path);
  base::Result<Answer> send(const std::string& method, const std::string& path,
                            const std::string& body);

  // Streams a body of unknown length, chunked, without a time limit. `read` fills the buffer and
  // returns how much it put there, 0 at the end, an error to give up.
  using Read = std::function<base::Result<std::size_t>(char* buffer, std::size_t size)>;
  base::Result<Answer> upload(const std::string& path, const Read& read);

  // Follows an event stream without a time limit. Each piece of it goes to `piece`. Comes back with
  // an error when the agent refuses, kUnavailable when there is no connection, kInvalid when what
  // answers is no event stream, Done when the stream ended or broke.
  base::Status follow(const std::string& path, const std::string& last_event_id,
                      const std::function<bool(std::string_view)>& piece);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cli
