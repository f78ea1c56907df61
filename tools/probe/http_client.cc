#include "tools/probe/http_client.h"

#include <strings.h>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace probe {
namespace {

// `text` is one event: its fields by name (the event-stream format of the HTML standard).
std::optional<ServerEvent> parse_event(std::string_view text) {
  ServerEvent event;
  bool any = false;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == ':') continue;
    std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") event.event = value;
    if (name == "id") event.id = value;
    if (name == "data") event.data.append(event.data.empty() ? "" : "\n").append(value);
    any = any || name == "data" || name == "event";
  }
  return any ? std::optional(event) : std::nullopt;
}

std::optional<ServerEvent> take_event(std::string& text) {
  while (true) {
    auto end = text.find("\n\n");
    if (end == std::string::npos) return std::nullopt;
    auto event = parse_event(std::string_view(text).substr(0, end));
    text.erase(0, end + 2);
    if (event) return event;
  }
}

}  // namespace

std::optional<ServerEvent> EventStream::next(Millis timeout) {
  using Clock = std::chrono::steady_clock;
  auto deadline = Clock::now() + timeout;
  while (true) {
    if (auto event = take_event(connection_->parser().answer().body)) return event;
    auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now());
    ended_ = ended_ || connection_->parser().is_complete();
    if (ended_ || left.count() <= 0) return std::nullopt;
    auto received = connection_->receive(left);
    ended_ = !received.ok() && received.error().code != base::Code::kTimeout;
  }
}

base::Result<HttpAnswer> HttpClient::request(const std::string& method, const std::string& target,
                                             const std::string& body, const HttpHeaders& headers) {
  // Asked beforehand rather than tried again after a failure: a request is never sent twice.
  if (connection_ && connection_->closed_by_peer()) connection_.reset();
  if (!connection_) {
    ASSIGN_OR_RETURN(connection_, HttpConnection::open(address_, network_));
    ++connections_opened_;
  }
  auto connection = std::move(connection_);  // kept only if all goes well
  RETURN_IF_ERROR(
      connection->send(request_text(method, target, address_, body, headers), silence_));
  connection->parser().expect({.body = method != "HEAD"});
  ASSIGN_OR_RETURN(HttpAnswer answer, connection->answer(silence_));
  bool close = ::strcasecmp(answer.header("Connection").c_str(), "close") == 0;
  if (!close && !connection->ended()) connection_ = std::move(connection);
  return answer;
}

base::Result<EventStream> HttpClient::events(const std::string& target,
                                             const HttpHeaders& headers) {
  ASSIGN_OR_RETURN(auto connection, HttpConnection::open(address_, network_));
  RETURN_IF_ERROR(connection->send(request_text("GET", target, address_, "", headers), silence_));
  while (!connection->parser().has_head()) {
    ASSIGN_OR_RETURN([[maybe_unused]] bool complete, connection->receive(silence_));
  }
  int status = connection->parser().answer().status;
  if (status == 200) return EventStream(std::move(connection));
  return base::Error{base::Code::kUnavailable,
                     "GET " + target + ": status " + std::to_string(status)};
}

}  // namespace probe
