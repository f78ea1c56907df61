#include "agent/http/message.h"

#include <array>

#include "crdt/base/bytes.h"
#include "crdt/base/json_string.h"

namespace http {
namespace {

constexpr std::string_view kScheme = "http://";

// `of`: "path" or "query", for messages.
base::Result<std::string> percent_decode(std::string_view text, const std::string& of) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    int high = i + 2 < text.size() ? base::hex_digit(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? base::hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return base::invalid("there is a malformed percent escape in the " + of + " of the request");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (out.find('\0') != std::string::npos)
    return base::invalid("there is a NUL in the " + of + " of the request");
  if (!base::is_utf8(out)) return base::invalid("the " + of + " of the request is not UTF-8");
  return out;
}

base::Status split_path(std::string_view path, std::vector<std::string>& segments) {
  if (path == "/") return {};
  std::size_t start = 1;
  while (start <= path.size()) {
    std::size_t end = std::min(path.find('/', start), path.size());
    ASSIGN_OR_RETURN(auto segment, percent_decode(path.substr(start, end - start), "path"));
    segments.push_back(std::move(segment));
    start = end + 1;
  }
  return {};
}

base::Status split_query(std::string_view text,
                         std::vector<std::pair<std::string, std::string>>& query) {
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = std::min(text.find('&', start), text.size());
    std::string_view piece = text.substr(start, end - start);
    start = end + 1;
    if (piece.empty()) continue;
    std::size_t equals = std::min(piece.find('='), piece.size());
    ASSIGN_OR_RETURN(auto name, percent_decode(piece.substr(0, equals), "query"));
    std::string value;
    if (equals < piece.size()) {
      ASSIGN_OR_RETURN(value, percent_decode(piece.substr(equals + 1), "query"));
    }
    query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string_view verb_name(Verb verb) {
  static constexpr std::array<std::string_view, 8> kNames = {"GET",   "HEAD",   "POST",    "PUT",
                                                             "PATCH", "DELETE", "OPTIONS", "OTHER"};
  return kNames[static_cast<std::size_t>(verb)];
}

std::optional<std::string_view> Target::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

base::Result<bool> Target::query_flag(std::string_view name) const {
  const std::string_view value = query_value(name).value_or("0");
  if (value == "0" || value == "1") return value == "1";
  return base::invalid(std::string(name) + "=" + std::string(value.substr(0, 40)) +
                       ": expected 1 or 0");
}

base::Result<Target> parse_target(std::string_view text) {
  Target out;
  if (text.starts_with(kScheme)) {
    text.remove_prefix(kScheme.size());
    std::size_t end = std::min(text.find_first_of("/?"), text.size());
    if (end == 0) return base::invalid("the URL of the request has no host");
    out.authority = text.substr(0, end);
    text.remove_prefix(end);
  } else if (!text.starts_with('/')) {
    return base::invalid("the URL of the request is neither a path nor an http:// address");
  }
  if (text.find('#') != std::string_view::npos) {
    return base::invalid("there is a fragment (#) in the URL of the request");
  }
  std::size_t mark = std::min(text.find('?'), text.size());
  out.path = mark == 0 ? "/" : text.substr(0, mark);
  RETURN_IF_ERROR(split_path(out.path, out.segments));
  if (mark < text.size()) {
    out.query_text = text.substr(mark + 1);
    RETURN_IF_ERROR(split_query(out.query_text, out.query));
  }
  return out;
}

std::string percent_encode(std::string_view segment) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(segment.size());
  for (char c : segment) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

Response json_response(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response error_response(const base::Error& error) {
  const base::CodeInfo& info = base::code_info(error.code);
  Response response;
  response.status = info.http_status;
  response.body = R"({"error":{"code":")";
  response.body += info.name;
  response.body += R"(","message":)";
  // A message may quote text of the client, but JSON must be UTF-8.
  bool sound = base::is_utf8(error.message);
  base::append_json_quoted(response.body, sound ? error.message : "message is not UTF-8");
  response.body += "}}";
  return response;
}

Response refusal_response(int status, const base::Error& error) {
  Response response = error_response(error);
  response.status = status;
  return response;
}

}  // namespace http
