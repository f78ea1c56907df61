#pragma once

// One kept-alive HTTP connection to an agent. One loop can watch many of them: handle() tells
// poll() what to wait for, receive() never waits. HttpClient is the blocking client on top of it.

#include <memory>
#include <string>

#include "crdt/base/result.h"
#include "tools/probe/answer_parser.h"
#include "tools/probe/connection.h"

namespace probe {

// A whole request. Host and Content-Length are added; a Host among `headers` replaces ours.
std::string request_text(const std::string& method, const std::string& target,
                         const std::string& host, const std::string& body = "",
                         const HttpHeaders& headers = {});

class HttpConnection {
 public:
  static base::Result<std::unique_ptr<HttpConnection>> open(const std::string& address,
                                                            const Network* network = nullptr);
  explicit HttpConnection(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  int handle() const { return connection_->handle(); }
  AnswerParser& parser() { return parser_; }
  // Sends everything. An error if the other side does not read for `silence`.
  base::Status send(const std::string& bytes, Millis silence = Millis{60'000}) {
    return connection_->send(bytes, silence);
  }
  // Takes what has arrived; waits at most `silence` for the first byte. True when an answer is
  // complete, false when it is not yet. An error when the connection ended before.
  base::Result<bool> receive(Millis silence = Millis{0});
  // The next answer. An error when no byte comes for `silence`.
  base::Result<HttpAnswer> answer(Millis silence);

  bool ended() const { return ended_; }  // an answer was ended by the end of the connection
  bool closed_by_peer() { return connection_->closed_by_peer(); }  // without waiting

 private:
  std::unique_ptr<Connection> connection_;
  AnswerParser parser_;
  bool ended_ = false;
};

}  // namespace probe
