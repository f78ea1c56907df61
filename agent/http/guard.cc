#include "agent/http/guard.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "crdt/base/trimmed.h"

namespace http {
namespace {

using base::invalid;

struct Scheme {
  std::string_view prefix;
  std::string_view port;  // the default one
};
constexpr Scheme kPlain{"http://", ":80"};
constexpr Scheme kSecure{"https://", ":443"};

const Scheme& scheme_of(const Peer& peer) { return peer.tls ? kSecure : kPlain; }
// Headers of our answers that a page may read. Without this it may read only the usual ones.
constexpr std::string_view kExposed =
    "CRDT-Error-Detail, Left-Out, Link, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Retry-After, "
    "X-CRDT-Nonce";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 9110, 5.6.2: the characters of a method or a header name.
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kToken = make_token_table();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

// Takes the next line, which must end with CRLF. A CR or LF anywhere else is refused, because
// another reader may take it for the end of the line.
base::Status take_line(std::string_view& rest, std::string_view& line) {
  std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return invalid("a header line has no end");
  if (end == 0 || rest[end - 1] != '\r') return invalid("a line of the head ends without CR");
  line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  if (std::any_of(line.begin(), line.end(), is_control)) {
    return invalid("there is a control character in the head");
  }
  return {};
}

// METHOD SP target SP HTTP/1.x, with single spaces.
base::Status check_request_line(std::string_view line, bool& http_1_0) {
  std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return invalid("the request line has no path");
  std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return invalid("the request line has no HTTP version");
  std::string_view version = line.substr(second + 1);
  if (!is_token(line.substr(0, first))) return invalid("the method is not a token");
  if (second == first + 1) return invalid("the request line has no path");
  if (line.find('\t') != std::string_view::npos)
    return invalid("there is a tab in the request line");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return invalid("the version is not HTTP/1.0 or HTTP/1.1");
  http_1_0 = version == "HTTP/1.0";
  return {};
}

// How the end of the body is found. There must be exactly one way; otherwise the next request
// begins elsewhere for another reader of the same bytes (request smuggling).
struct Framing {
  std::size_t lengths = 0;
  std::size_t codings = 0;

  base::Status add(std::string_view name, std::string_view value) {
    if (same_ignoring_case(name, "content-length")) {
      if (++lengths > 1) return invalid("there is more than one Content-Length");
      bool digits = !value.empty() && std::all_of(value.begin(), value.end(), is_digit);
      if (!digits || value.size() > 19) return invalid("Content-Length is not a number");
    }
    if (same_ignoring_case(name, "transfer-encoding")) {
      if (++codings > 1) return invalid("there is more than one Transfer-Encoding");
      if (!same_ignoring_case(value, "chunked"))
        return invalid("the Transfer-Encoding is not chunked");
    }
    return {};
  }

  base::Status check(bool http_1_0) const {
    if (codings == 0) return {};
    if (lengths > 0) return invalid("there is a Transfer-Encoding and a Content-Length");
    if (http_1_0) return invalid("HTTP/1.0 has no Transfer-Encoding");
    return {};
  }
};

base::Status check_header_line(std::string_view line, Framing& framing) {
  if (line.empty()) return invalid("there is an empty line inside the head");
  if (line.front() == ' ' || line.front() == '\t') return invalid("a header line is folded");
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return invalid("a header line has no colon");
  std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return invalid("a header name is not a token");
  return framing.add(name, base::trimmed(line.substr(colon + 1), " \t"));
}

// Whether `longer` is `shorter` (which has no port) plus the default port.
bool adds_port(std::string_view longer, std::string_view shorter, std::string_view port) {
  if (has_port(shorter) || !longer.ends_with(port)) return false;
  longer.remove_suffix(port.size());
  return same_ignoring_case(longer, shorter);
}

bool is_own_host(std::string_view host, const Doors& doors, const Scheme& scheme) {
  return std::any_of(doors.hosts.begin(), doors.hosts.end(), [&](const std::string& own) {
    return same_ignoring_case(host, own) || adds_port(host, own, scheme.port) ||
           adds_port(own, host, scheme.port);
  });
}

// "localhost", "[::1]" or an address of 127.0.0.0/8, with any port or none.
bool is_loopback_host(std::string_view host) {
  if (has_port(host)) host = host.substr(0, host.rfind(':'));
  bool v4 = host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
            host.find_first_not_of("0123456789.") == std::string_view::npos;
  return v4 || host == "[::1]" || same_ignoring_case(host, "localhost");
}

bool may_reach(std::string_view host, const Doors& doors, const Peer& peer) {
  bool by_file = peer.kind == Peer::Kind::kUnix && (host.empty() || is_loopback_host(host));
  return by_file || is_own_host(host, doors, scheme_of(peer));
}

// A header as an error quotes it.
std::string shown(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text.substr(0, 256)) quoted += c >= 0x20 && c < 0x7F ? c : '?';
  return quoted + "\"";
}

bool is_allowed_origin(std::string_view origin, const Doors& doors, const Peer& peer) {
  if (origin == "*") return false;
  for (const std::string& allowed : doors.origins) {
    if (same_ignoring_case(origin, allowed)) return true;
  }
  const Scheme& scheme = scheme_of(peer);
  return origin.starts_with(scheme.prefix) &&
         is_own_host(origin.substr(scheme.prefix.size()), doors, scheme);
}

// A page of another site can make a browser send a GET without Origin, as for an image or a script.
// The browser says so in Sec-Fetch-Site (W3C Fetch Metadata). A link that a person follows is
// allowed.
base::Status check_site(const Request& request) {
  std::string_view site = request.header("sec-fetch-site");
  bool foreign = site == "cross-site" || site == "same-site";
  bool link = request.header("sec-fetch-mode") == "navigate" &&
              request.header("sec-fetch-dest") == "document";
  if (!foreign || link) return {};
  return base::Error{
      base::Code::kForbidden,
      "a page of another site has made the browser send this request; add its origin "
      "to http_origins and use fetch() with the mode cors"};
}

std::size_t count(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const auto& header) { return header.first == name; }));
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token_char(char c) { return kToken[static_cast<unsigned char>(c)]; }

bool has_port(std::string_view host) {
  std::size_t colon = host.rfind(':');
  return colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
}

base::Status check_head(std::string_view raw_head) {
  std::string_view rest = raw_head;
  std::string_view line;
  bool http_1_0 = false;
  RETURN_IF_ERROR(take_line(rest, line));
  RETURN_IF_ERROR(check_request_line(line, http_1_0));
  Framing framing;
  std::size_t lines = 0;
  while (!rest.empty()) {
    if (++lines > kHeaderLinesMax) {
      return base::Error{base::Code::kTooLarge, "there are more than 64 header lines"};
    }
    RETURN_IF_ERROR(take_line(rest, line));
    RETURN_IF_ERROR(check_header_line(line, framing));
  }
  return framing.check(http_1_0);
}

base::Status check_doors(const Request& request, const Doors& doors, const Peer& peer) {
  std::size_t hosts = count(request, "host");
  if (hosts == 0 && peer.kind != Peer::Kind::kUnix) return invalid("the header Host is missing");
  if (hosts > 1) return invalid("there is more than one Host");
  // An absolute target has priority over Host (RFC 9112, 3.2.2), so both must be ours.
  const std::string& authority = request.target.authority;
  std::string_view host = request.header("host");
  if (may_reach(host, doors, peer) && !authority.empty()) host = authority;
  if (!may_reach(host, doors, peer)) {
    return base::Error{base::Code::kMisdirected, "this agent does not answer to the Host " +
                                                     shown(host) + "; add it to http_hosts"};
  }
  std::size_t origins = count(request, "origin");
  if (origins == 0) return check_site(request);
  if (origins > 1) return invalid("there is more than one Origin");
  if (!is_allowed_origin(request.header("origin"), doors, peer)) {
    return base::Error{base::Code::kForbidden, "the Origin " + shown(request.header("origin")) +
                                                   " is not allowed; add it to http_origins"};
  }
  return {};
}

Headers cors_headers(const Request& request, const Doors& doors, const Peer& peer) {
  std::string_view origin = request.header("origin");
  if (origin.empty() || !is_allowed_origin(origin, doors, peer)) return {};
  Headers headers;
  headers.emplace_back("access-control-allow-origin", origin);
  headers.emplace_back("vary", "Origin");
  if (request.verb != Verb::kOptions || request.header("access-control-request-method").empty()) {
    headers.emplace_back("access-control-expose-headers", kExposed);
    return headers;
  }
  headers.emplace_back("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  std::string_view wanted = request.header("access-control-request-headers");
  // The names are echoed because the page chose them; a star would allow more than was asked for.
  bool plain = std::all_of(wanted.begin(), wanted.end(), [](char c) {
    return c != '*' && (is_token_char(c) || c == ',' || c == ' ');
  });
  if (plain && !wanted.empty()) headers.emplace_back("access-control-allow-headers", wanted);
  headers.emplace_back("access-control-max-age", "600");
  return headers;
}

}  // namespace http
