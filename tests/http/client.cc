#include "tests/http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "crdt/base/check.h"

namespace http::testing {
namespace {

using Clock = std::chrono::steady_clock;

int millis_left(Clock::time_point deadline) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return std::max(0, static_cast<int>(left.count()));
}

Answer parse_head(const std::string& head) {
  Answer answer;
  answer.head = head;
  answer.status = head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size() - 2) {
    std::size_t end = head.find("\r\n", at);
    std::string line = head.substr(at, end - at);
    at = end + 2;
    std::size_t colon = line.find(": ");
    CHECK(colon != std::string::npos);
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    answer.headers[name] = line.substr(colon + 2);
  }
  return answer;
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Client::Client(std::uint16_t port, const std::string& host) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(socket_ >= 0);
  int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  CHECK(inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1);
  CHECK(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

Client::~Client() { ::close(socket_); }

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Client::shut_down_writing() { ::shutdown(socket_, SHUT_WR); }

void Client::reset() {
  linger hard{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(socket_);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

void Client::set_receive_buffer(int bytes) {
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

bool Client::fill(int millis) {
  if (ended_) return false;
  pollfd entry{socket_, POLLIN, 0};
  if (::poll(&entry, 1, millis) <= 0) return false;
  char bytes[65536];
  ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) {
    ended_ = true;
    return false;
  }
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::optional<Answer> Client::read_answer(bool head_only, int seconds) {
  auto deadline = Clock::now() + std::chrono::seconds(seconds);
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(millis_left(deadline))) return std::nullopt;
  }
  Answer answer = parse_head(buffer_.substr(0, end + 2));
  if (!head_only && answer.header("transfer-encoding") == "chunked") {
    buffer_.erase(0, end + 4);
    if (!read_chunks(answer.body, deadline)) return std::nullopt;
    return answer;
  }
  std::size_t length = 0;
  if (!head_only) length = std::strtoul(answer.header("content-length").c_str(), nullptr, 10);
  while (buffer_.size() < end + 4 + length) {
    if (!fill(millis_left(deadline))) return std::nullopt;
  }
  answer.body = buffer_.substr(end + 4, length);
  buffer_.erase(0, end + 4 + length);
  return answer;
}

bool Client::read_chunks(std::string& body, Clock::time_point deadline) {
  for (;;) {
    std::size_t end;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!fill(millis_left(deadline))) return false;
    }
    std::size_t size = std::strtoul(buffer_.c_str(), nullptr, 16);
    while (buffer_.size() < end + 2 + size + 2) {
      if (!fill(millis_left(deadline))) return false;
    }
    body.append(buffer_, end + 2, size);
    buffer_.erase(0, end + 2 + size + 2);
    if (size == 0) return true;
  }
}

std::string Client::read_to_end(int seconds) {
  auto deadline = Clock::now() + std::chrono::seconds(seconds);
  while (fill(millis_left(deadline))) {
  }
  return std::exchange(buffer_, {});
}

std::string Client::read_until(std::string_view marker, int seconds) {
  auto deadline = Clock::now() + std::chrono::seconds(seconds);
  std::size_t end;
  while ((end = buffer_.find(marker)) == std::string::npos) {
    if (!fill(millis_left(deadline))) return {};
  }
  std::string out = buffer_.substr(0, end + marker.size());
  buffer_.erase(0, out.size());
  return out;
}

bool Client::at_end(int seconds) {
  auto deadline = Clock::now() + std::chrono::seconds(seconds);
  while (buffer_.empty() && fill(millis_left(deadline))) {
  }
  return ended_ && buffer_.empty();
}

bool Client::is_quiet(int millis) { return buffer_.empty() && !fill(millis) && !ended_; }

}  // namespace http::testing
