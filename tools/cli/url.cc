#include "tools/cli/url.h"

#include <fmt/format.h>
#include <sys/un.h>

#include "agent/host_port.h"

namespace cli {
namespace {

bool is_unreserved(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string out;
  for (char byte : text) {
    if (is_unreserved(byte)) {
      out.push_back(byte);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    }
  }
  return out;
}

base::Result<std::string> base_url(std::string_view http) {
  if (http.starts_with(kUnixScheme)) {
    std::size_t size = http.size() - kUnixScheme.size();
    if (size > 0 && size < sizeof(sockaddr_un::sun_path)) return std::string(http);
    return base::invalid(
        fmt::format("\"{}\": expected unix:PATH, and a path of a Unix socket has 1 to {} bytes",
                    http, sizeof(sockaddr_un::sun_path) - 1));
  }
  auto address = agent::HostPort::parse_http(http);
  if (!address || address->port == 0) {
    return base::invalid(fmt::format(
        "\"{}\": expected HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:PATH", http));
  }
  if (address->is_any()) address->host = address->host == "0.0.0.0" ? "127.0.0.1" : "::1";
  return std::string(agent::HostPort::is_https(http) ? kHttpsScheme : kHttpScheme) +
         address->text();
}

std::string next_path(std::string_view link) {
  auto open = link.find('<');
  auto close = link.find('>', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  if (link.find("rel=\"next\"", close) == std::string_view::npos) return {};
  auto path = link.substr(open + 1, close - open - 1);
  bool here = path.starts_with('/') && !path.starts_with("//");
  return here ? std::string(path) : std::string();
}

}  // namespace cli
