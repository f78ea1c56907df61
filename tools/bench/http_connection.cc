#include "tools/bench/http_connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "tools/bench/clock.h"

namespace bench {
namespace {

constexpr std::int64_t kRequestTimeout = 10 * kSecond;
constexpr int kSendStallMillis = 60'000;

base::Error failed(const std::string& doing) {
  return {base::Code::kUnavailable, doing + ": " + ::strerror(errno)};
}

}  // namespace

std::string request_text(const std::string& method, const std::string& target,
                         const std::string& host, const std::string& body) {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n";
  if (method != "GET") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

base::Result<std::unique_ptr<HttpConnection>> HttpConnection::open(const std::string& address) {
  std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  if (colon == std::string::npos ||
      ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) {
    return base::invalid("connect to " + address + ": not an IPv4 HOST:PORT");
  }
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1)));

  std::unique_ptr<HttpConnection> connection(
      new HttpConnection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  int socket = connection->socket_;
  if (socket < 0) return failed("socket");
  if (::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    return failed("connect to " + address);
  }
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  return connection;
}

HttpConnection::~HttpConnection() {
  if (socket_ >= 0) ::close(socket_);
}

base::Status HttpConnection::send(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
      continue;
    }
    if (errno != EAGAIN) return failed("send");
    pollfd entry{socket_, POLLOUT, 0};
    if (::poll(&entry, 1, kSendStallMillis) != 1) return failed("wait to send");
  }
  return {};
}

base::Result<bool> HttpConnection::receive() {
  char bytes[65'536];
  ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
  if (count < 0 && errno == EAGAIN) return false;
  if (count < 0) return failed("receive");
  if (count == 0) return base::Error{base::Code::kUnavailable, "the agent closed the connection"};
  parser_.feed(bytes, static_cast<std::size_t>(count));
  bool complete = parser_.advance();
  if (parser_.failed()) return base::Error{base::Code::kCorrupt, "the answer is not HTTP"};
  return complete;
}

base::Result<HttpConnection::Answer> HttpConnection::request(const std::string& text,
                                                             std::int64_t timeout_nanos) {
  RETURN_IF_ERROR(send(text));
  std::int64_t deadline = monotonic_nanos() + timeout_nanos;
  while (true) {
    pollfd entry{socket_, POLLIN, 0};
    auto left = static_cast<int>((deadline - monotonic_nanos()) / 1'000'000);
    if (left <= 0 || ::poll(&entry, 1, left) != 1) {
      return base::Error{base::Code::kTimeout, "no answer to " + text.substr(0, text.find('\r'))};
    }
    ASSIGN_OR_RETURN(bool complete, receive());
    if (!complete) continue;
    Answer answer{parser_.status(), parser_.body()};
    parser_.next();
    return answer;
  }
}

base::Result<HttpConnection::Answer> request_once(const std::string& address,
                                                  const std::string& method,
                                                  const std::string& target,
                                                  const std::string& body) {
  ASSIGN_OR_RETURN(auto connection, HttpConnection::open(address));
  return connection->request(request_text(method, target, address, body), kRequestTimeout);
}

}  // namespace bench
