#include "tests/http/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <utility>

#include "crdt/base/check.h"

namespace http::testing {
namespace {

constexpr probe::Millis kSendSilence{60'000};

}  // namespace

Client::Client(std::uint16_t port, const std::string& host) {
  auto opened = probe::Connection::open(host + ":" + std::to_string(port));
  CHECK(opened.ok());
  connection_ = std::move(opened).value();
}

Client::Client(const std::filesystem::path& unix_socket) {
  int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(unix_socket.string().copy(address.sun_path, sizeof address.sun_path - 1) > 0);
  CHECK(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  connection_ = std::make_unique<probe::Connection>(socket);
}

Client Client::on(int socket) {
  Client client;
  client.connection_ = std::make_unique<probe::Connection>(socket);
  return client;
}

bool Client::send(std::string_view bytes) { return connection_->send(bytes, kSendSilence).ok(); }

void Client::reset() {
  linger hard{1, 0};
  ::setsockopt(connection_->handle(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  connection_ =
      std::make_unique<probe::Connection>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

void Client::set_receive_buffer(int bytes) {
  ::setsockopt(connection_->handle(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

bool Client::fill(probe::Millis silence) {
  if (ended_) return false;
  auto more = connection_->receive(silence);
  if (more.ok()) {
    ended_ = !*more;
  } else {
    ended_ = more.error().code != base::Code::kTimeout;
  }
  return more.ok() && *more;
}

std::optional<Answer> Client::read_answer(bool head_only, int seconds) {
  probe::AnswerParser parser;
  parser.expect({.body = !head_only, .interim = true});
  while (!parser.advance(connection_->buffer)) {
    if (parser.failed() || !fill(std::chrono::seconds(seconds))) return std::nullopt;
  }
  return std::move(parser.answer());
}

std::string Client::read_bytes(std::size_t count, int seconds) {
  std::string& buffer = connection_->buffer;
  while (buffer.size() < count && fill(std::chrono::seconds(seconds))) {
  }
  std::string out = buffer.substr(0, count);
  buffer.erase(0, out.size());
  return out;
}

std::string Client::read_to_end(int seconds) {
  while (fill(std::chrono::seconds(seconds))) {
  }
  return std::exchange(connection_->buffer, {});
}

std::string Client::read_until(std::string_view marker, int seconds) {
  std::string& buffer = connection_->buffer;
  std::size_t end;
  while ((end = buffer.find(marker)) == std::string::npos) {
    if (!fill(std::chrono::seconds(seconds))) return {};
  }
  std::string out = buffer.substr(0, end + marker.size());
  buffer.erase(0, out.size());
  return out;
}

bool Client::at_end(int seconds) {
  while (connection_->buffer.empty() && fill(std::chrono::seconds(seconds))) {
  }
  return ended_ && connection_->buffer.empty();
}

bool Client::is_quiet(int millis) {
  return connection_->buffer.empty() && !fill(probe::Millis(millis)) && !ended_;
}

}  // namespace http::testing
