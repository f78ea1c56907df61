#include "agent/http/answer.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace http {
namespace {

constexpr std::string_view kJson = "application/json";

std::string_view status_line(int status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 201:
      return "HTTP/1.1 201 Created\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 304:
      return "HTTP/1.1 304 Not Modified\r\n";
    case 308:
      return "HTTP/1.1 308 Permanent Redirect\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
      return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 408:
      return "HTTP/1.1 408 Request Timeout\r\n";
    case 409:
      return "HTTP/1.1 409 Conflict\r\n";
    case 413:
      return "HTTP/1.1 413 Content Too Large\r\n";
    case 417:
      return "HTTP/1.1 417 Expectation Failed\r\n";
    case 421:
      return "HTTP/1.1 421 Misdirected Request\r\n";
    case 422:
      return "HTTP/1.1 422 Unprocessable Content\r\n";
    case 426:
      return "HTTP/1.1 426 Upgrade Required\r\n";
    case 429:
      return "HTTP/1.1 429 Too Many Requests\r\n";
    case 431:
      return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 500:
      return "HTTP/1.1 500 Internal Server Error\r\n";
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n";
    case 504:
      return "HTTP/1.1 504 Gateway Timeout\r\n";
    case 507:
      return "HTTP/1.1 507 Insufficient Storage\r\n";
    default:
      return {};
  }
}

void append_number(std::string& out, std::size_t number) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_status_line(std::string& out, int status) {
  std::string_view line = status_line(status);
  if (!line.empty()) {
    out += line;
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out += " \r\n";
}

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (!is_clean(name) || !is_clean(value)) return;
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

bool has(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

}  // namespace

void append_headers(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers) append_header(out, name, value);
}

bool may_have_body(int status) { return status != 204 && status != 304; }

void append_head(std::string& out, const AnswerHead& head,
                 std::optional<std::size_t> content_length) {
  const Response& response = head.response;
  append_status_line(out, response.status);
  if (may_have_body(response.status)) {
    append_header(out, "Content-Type", response.content_type);
    if (content_length) {
      out += "Content-Length: ";
      append_number(out, *content_length);
      out += "\r\n";
    } else {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  if (!head.keep_alive) {
    out += "Connection: close\r\n";
  } else if (head.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "X-Content-Type-Options: nosniff\r\n";
  bool json = std::string_view(response.content_type).starts_with(kJson);
  if (json && !has(response.headers, "cache-control")) out += "Cache-Control: no-store\r\n";
  append_headers(out, response.headers);
  append_headers(out, head.cors);
  out += "\r\n";
}

void append_stream_head(std::string& out, const Headers& cors) {
  out +=
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: text/event-stream\r\n"
      "Connection: close\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Cache-Control: no-store\r\n";
  append_headers(out, cors);
  out += "\r\n";
}

}  // namespace http
