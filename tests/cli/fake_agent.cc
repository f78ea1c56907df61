#include "tests/cli/fake_agent.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "crdt/base/check.h"

namespace cli {
namespace {

int listen_on_free_port(std::uint16_t& port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(listener >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(listen(listener, 16) == 0);
  CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port = ntohs(address.sin_port);
  return listener;
}

bool read_more(int socket, std::string& buffer) {
  char piece[16 * 1024];
  auto count = recv(socket, piece, sizeof(piece), 0);
  if (count <= 0) return false;
  buffer.append(piece, static_cast<std::size_t>(count));
  return true;
}

// Removes the text up to and including `mark` from the buffer and returns what was before `mark`.
bool take_until(int socket, std::string& buffer, const std::string& mark, std::string& out) {
  std::size_t at = 0;
  while ((at = buffer.find(mark)) == std::string::npos) {
    if (!read_more(socket, buffer)) return false;
  }
  out = buffer.substr(0, at);
  buffer.erase(0, at + mark.size());
  return true;
}

bool take_bytes(int socket, std::string& buffer, std::size_t count, std::string& out) {
  while (buffer.size() < count) {
    if (!read_more(socket, buffer)) return false;
  }
  out += buffer.substr(0, count);
  buffer.erase(0, count);
  return true;
}

bool take_chunks(int socket, std::string& buffer, std::string& out) {
  std::string line;
  while (take_until(socket, buffer, "\r\n", line)) {
    auto size = std::stoul(line, nullptr, 16);
    std::string end;
    if (!take_bytes(socket, buffer, size, out)) return false;
    if (!take_bytes(socket, buffer, 2, end)) return false;
    if (size == 0) return true;
  }
  return false;
}

}  // namespace

FakeAgent::FakeAgent(Handler handler, Answers answers)
    : handler_(std::move(handler)), answers_(answers) {
  listener_ = listen_on_free_port(port_);
  acceptor_ = std::thread([this] { accept_all(); });
}

FakeAgent::~FakeAgent() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    for (int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
  for (int socket : sockets_) close(socket);
  close(listener_);
}

std::vector<Seen> FakeAgent::seen() {
  std::lock_guard lock(mutex_);
  return seen_;
}

void FakeAgent::accept_all() {
  while (!stopping_) {
    int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++connections_;
    std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void FakeAgent::serve(int socket) {
  std::string buffer;
  Seen request;
  while (read_request(socket, buffer, request)) {
    {
      std::lock_guard lock(mutex_);
      seen_.push_back(request);
    }
    auto response = handler_(request);
    if (response == kEnd) shutdown(listener_, SHUT_RDWR);
    if (response == kEnd || response == kHangUp) break;
    auto first = response.substr(0, response.find(kPause));
    send(socket, first.data(), first.size(), MSG_NOSIGNAL);
    if (first.size() < response.size()) {
      pause();
      auto rest = response.substr(first.size() + kPause.size());
      send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    }
    bool whole = response.empty() || response.find("Content-Length:") != std::string::npos;
    if (!whole) break;
  }
  shutdown(socket, SHUT_RDWR);
}

bool FakeAgent::read_request(int socket, std::string& buffer, Seen& request) {
  request = {};
  std::string head;
  if (!take_until(socket, buffer, "\r\n\r\n", head)) return false;
  head += "\r\n";
  auto line_end = head.find("\r\n");
  auto first = head.find(' ');
  auto second = head.find(' ', first + 1);
  request.method = head.substr(0, first);
  request.target = head.substr(first + 1, second - first - 1);
  for (auto at = line_end + 2; at < head.size();) {
    auto end = head.find("\r\n", at);
    auto colon = head.find(": ", at);
    auto name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    request.headers[name] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  if (answers_ == Answers::kAfterTheHead) return true;
  if (request.headers["transfer-encoding"] == "chunked") {
    return take_chunks(socket, buffer, request.body);
  }
  auto length = request.headers.find("content-length");
  if (length == request.headers.end()) return true;
  return take_bytes(socket, buffer, std::stoul(length->second), request.body);
}

std::string FakeAgent::ok(const std::string& body, const std::string& headers) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string FakeAgent::chunked(const std::vector<std::string>& parts, bool end,
                               const std::string& headers) {
  std::string out = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + headers +
                    "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& part : parts) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    out += part == kPause ? part : size + part + "\r\n";
  }
  return end ? out + "0\r\n\r\n" : out;
}

std::string FakeAgent::status(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string FakeAgent::error(int code, const std::string& name, const std::string& message) {
  return status(code, R"({"error":{"code":")" + name + R"(","message":")" + message + R"("}})");
}

std::string FakeAgent::events(const std::string& stream) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + stream;
}

std::uint16_t closed_port() {
  std::uint16_t port = 0;
  close(listen_on_free_port(port));
  return port;
}

}  // namespace cli
