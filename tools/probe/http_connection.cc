#include "tools/probe/http_connection.h"

#include <algorithm>
#include <utility>

namespace probe {

std::string request_text(const std::string& method, const std::string& target,
                         const std::string& host, const std::string& body,
                         const HttpHeaders& headers) {
  std::string text = method + " " + target + " HTTP/1.1\r\n";
  if (!HttpAnswer{0, headers, ""}.has_header("Host")) text += "Host: " + host + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + body;
}

base::Result<std::unique_ptr<HttpConnection>> HttpConnection::open(const std::string& address,
                                                                   const Network* network) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(address, network));
  return std::make_unique<HttpConnection>(std::move(connection));
}

base::Result<bool> HttpConnection::receive(Millis silence) {
  auto more = connection_->receive(silence);
  if (!more.ok()) {
    if (silence.count() == 0 && more.error().code == base::Code::kTimeout) return false;
    return more.error();
  }
  bool complete = parser_.advance(connection_->buffer);
  if (!complete && !*more) {
    ended_ = true;
    complete = parser_.end();
  }
  if (parser_.failed()) return base::Error{base::Code::kCorrupt, parser_.failure()};
  if (complete || *more) return complete;
  return base::Error{base::Code::kUnavailable, "the connection ended before the answer"};
}

base::Result<HttpAnswer> HttpConnection::answer(Millis silence) {
  bool complete = parser_.advance(connection_->buffer);  // it may have come with the one before
  while (!complete) {
    ASSIGN_OR_RETURN(complete, receive(silence));
  }
  HttpAnswer answer = std::move(parser_.answer());
  parser_.next();
  return answer;
}

}  // namespace probe
