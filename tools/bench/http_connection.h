#pragma once

// One kept-alive, non-blocking connection to an agent, so that one loop can watch many. A blocking
// request on top of it is for everything that is not measured.

#include <cstdint>
#include <memory>
#include <string>

#include "crdt/base/result.h"
#include "tools/bench/http_parser.h"

namespace bench {

std::string request_text(const std::string& method, const std::string& target,
                         const std::string& host, const std::string& body = "");

class HttpConnection {
 public:
  static base::Result<std::unique_ptr<HttpConnection>> open(const std::string& address);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  int handle() const { return socket_; }
  HttpParser& parser() { return parser_; }
  // Sends everything; waits while the other side does not read.
  base::Status send(const std::string& bytes);
  // Reads what has arrived. True when an answer is complete. An error when the connection has
  // ended.
  base::Result<bool> receive();

  struct Answer {
    int status = 0;
    std::string body;
  };
  base::Result<Answer> request(const std::string& text, std::int64_t timeout_nanos);

 private:
  explicit HttpConnection(int socket) : socket_(socket) {}
  int socket_;
  HttpParser parser_;
};

// One request on its own connection.
base::Result<HttpConnection::Answer> request_once(const std::string& address,
                                                  const std::string& method,
                                                  const std::string& target,
                                                  const std::string& body = "");

}  // namespace bench
