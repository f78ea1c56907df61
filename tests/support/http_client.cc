#include "tests/support/http_client.h"

#include <strings.h>

#include <charconv>

namespace support {
namespace {

using Clock = std::chrono::steady_clock;

base::Error malformed(const std::string& what) {
  return {base::Code::kCorrupt, "the answer is malformed: " + what};
}

std::optional<std::size_t> number(std::string_view text, int radix) {
  std::size_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

// Takes one line out of `bytes`, without its end; nullopt if it is not all there.
std::optional<std::string> take_line(std::string& bytes) {
  auto end = bytes.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = bytes.substr(0, end);
  bytes.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

base::Result<std::string> read_line(Connection& from, Millis timeout) {
  while (true) {
    if (auto line = take_line(from.buffer)) return *line;
    ASSIGN_OR_RETURN(bool more, from.receive(timeout));
    if (!more) return base::Error{base::Code::kUnavailable, "the connection ended in a line"};
  }
}

base::Status read_bytes(Connection& from, std::size_t count, std::string& into, Millis timeout) {
  while (from.buffer.size() < count) {
    ASSIGN_OR_RETURN(bool more, from.receive(timeout));
    if (!more) return base::Error{base::Code::kUnavailable, "the connection ended in a body"};
  }
  into.append(from.buffer, 0, count);
  from.buffer.erase(0, count);
  return {};
}

base::Result<HttpResponse> read_head(Connection& from, Millis timeout) {
  HttpResponse response;
  ASSIGN_OR_RETURN(std::string first, read_line(from, timeout));
  auto status = first.size() >= 12 ? number(first.substr(9, 3), 10) : std::nullopt;
  if (!first.starts_with("HTTP/1.") || !status) return malformed(first);
  response.status = static_cast<int>(*status);
  while (true) {
    ASSIGN_OR_RETURN(std::string line, read_line(from, timeout));
    if (line.empty()) return response;
    auto colon = line.find(':');
    if (colon == std::string::npos) return malformed(line);
    auto value = line.find_first_not_of(" \t", colon + 1);
    response.headers.emplace_back(line.substr(0, colon),
                                  value == std::string::npos ? "" : line.substr(value));
  }
}

bool is_chunked(const HttpResponse& response) {
  return ::strcasecmp(response.header("Transfer-Encoding").c_str(), "chunked") == 0;
}

base::Status read_chunks(Connection& from, std::string& body, Millis timeout) {
  while (true) {
    ASSIGN_OR_RETURN(std::string line, read_line(from, timeout));
    auto size = number(line, 16);
    if (!size) return malformed("chunk size " + line);
    RETURN_IF_ERROR(read_bytes(from, *size, body, timeout));
    ASSIGN_OR_RETURN(std::string end, read_line(from, timeout));
    if (!end.empty()) return malformed("chunk end " + end);
    if (*size == 0) return {};
  }
}

// True if the connection can be used again.
base::Result<bool> read_body(Connection& from, const std::string& method, HttpResponse& response,
                             Millis timeout) {
  bool keep = ::strcasecmp(response.header("Connection").c_str(), "close") != 0;
  if (method == "HEAD" || response.status == 204 || response.status == 304) return keep;
  if (is_chunked(response)) {
    RETURN_IF_ERROR(read_chunks(from, response.body, timeout));
    return keep;
  }
  std::string length = response.header("Content-Length");
  if (!length.empty()) {
    auto size = number(length, 10);
    if (!size) return malformed("Content-Length " + length);
    RETURN_IF_ERROR(read_bytes(from, *size, response.body, timeout));
    return keep;
  }
  while (true) {  // no length: until the end
    ASSIGN_OR_RETURN(bool more, from.receive(timeout));
    if (more) continue;
    response.body = std::exchange(from.buffer, {});
    return false;
  }
}

bool names(const HttpHeaders& headers, const char* wanted) {
  for (const auto& [name, value] : headers) {
    if (::strcasecmp(name.c_str(), wanted) == 0) return true;
  }
  return false;
}

// Parses the complete text of one event into its fields (the event-stream format of the HTML
// standard).
std::optional<ServerEvent> parse_event(std::string text) {
  ServerEvent event;
  bool any = false;
  while (auto line = take_line(text)) {
    if (line->empty() || line->front() == ':') continue;
    auto colon = line->find(':');
    std::string name = line->substr(0, colon);
    std::string value = colon == std::string::npos ? "" : line->substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (name == "event") event.event = value;
    if (name == "id") event.id = value;
    if (name == "data") event.data += (event.data.empty() ? "" : "\n") + value;
    any = any || name == "data" || name == "event";
  }
  return any ? std::optional(event) : std::nullopt;
}

std::optional<ServerEvent> take_event(std::string& text) {
  while (true) {
    auto end = text.find("\n\n");
    if (end == std::string::npos) return std::nullopt;
    std::string whole = text.substr(0, end + 1);
    text.erase(0, end + 2);
    if (auto event = parse_event(whole)) return event;
  }
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (::strcasecmp(key.c_str(), name.c_str()) == 0) return value;
  }
  return "";
}

base::Result<HttpResponse> HttpClient::request(const std::string& method, const std::string& target,
                                               const std::string& body,
                                               const HttpHeaders& headers) {
  // We check the connection before we send, instead of sending again after a failure. So no request
  // is ever sent twice.
  if (connection_ && connection_->closed_by_peer()) connection_.reset();
  if (!connection_) RETURN_IF_ERROR(connect());

  auto connection = std::move(connection_);  // kept only if all goes well
  RETURN_IF_ERROR(connection->send(head_of(method, target, body, headers) + body, timeout_));
  HttpResponse response;
  do {
    ASSIGN_OR_RETURN(response, read_head(*connection, timeout_));
  } while (response.status / 100 == 1);
  ASSIGN_OR_RETURN(bool keep, read_body(*connection, method, response, timeout_));
  if (keep) connection_ = std::move(connection);
  return response;
}

base::Result<EventStream> HttpClient::events(const std::string& target,
                                             const HttpHeaders& headers) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(address_, network_));
  RETURN_IF_ERROR(connection->send(head_of("GET", target, "", headers), timeout_));
  ASSIGN_OR_RETURN(HttpResponse response, read_head(*connection, timeout_));
  if (response.status != 200) {
    return base::Error{base::Code::kUnavailable,
                       "GET " + target + ": status " + std::to_string(response.status)};
  }
  bool chunked = is_chunked(response);
  return EventStream(std::move(connection), chunked);
}

base::Status HttpClient::connect() {
  ASSIGN_OR_RETURN(connection_, Connection::open(address_, network_));
  ++connections_opened_;
  return {};
}

std::string HttpClient::head_of(const std::string& method, const std::string& target,
                                const std::string& body, const HttpHeaders& headers) const {
  std::string head = method + " " + target + " HTTP/1.1\r\n";
  if (!names(headers, "Host")) head += "Host: " + address_ + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return head + "\r\n";
}

std::optional<ServerEvent> EventStream::next(Millis timeout) {
  auto deadline = Clock::now() + timeout;
  while (true) {
    take_body();
    if (auto event = take_event(text_)) return event;
    auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now());
    if (ended_ || left.count() <= 0) return std::nullopt;
    auto more = connection_->receive(left);
    if (more.ok() && !*more) ended_ = true;
    if (!more.ok() && more.error().code != base::Code::kTimeout) ended_ = true;
  }
}

// Moves the part of the body that has arrived into `text_`, and decodes its chunks if it has any.
void EventStream::take_body() {
  std::string& bytes = connection_->buffer;
  if (!chunked_) {
    text_ += std::exchange(bytes, {});
    return;
  }
  while (true) {
    auto line_end = bytes.find("\r\n");
    if (line_end == std::string::npos) return;
    auto size = number(bytes.substr(0, line_end), 16);
    if (!size || *size == 0) {
      ended_ = true;
      return;
    }
    if (bytes.size() < line_end + 2 + *size + 2) return;
    text_.append(bytes, line_end + 2, *size);
    bytes.erase(0, line_end + 2 + *size + 2);
  }
}

}  // namespace support
