#include "agent/http_port.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "agent/clock.h"
#include "agent/regular_file.h"

namespace agent {
namespace {

constexpr std::size_t kPemBytesMax = 1u << 20;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr unsigned kOthersMask = 077;

// Rule 9: a wall clock before the build of the program is not believed.
std::optional<std::int64_t> trusted_seconds() {
  std::int64_t wall = read_clock().wall_nanos;
  return wall < build_nanos() ? std::nullopt : std::optional(wall / kNanosPerSecond);
}

base::Result<std::string> read_pem(const char* setting, const std::string& path, bool secret) {
  if (path.empty()) return std::string();
  auto file = read_regular_file(path, kPemBytesMax);
  if (!file.ok()) {
    return base::Error{file.error().code, fmt::format("{}: {}", setting, file.error().message)};
  }
  if (!*file) return base::invalid(fmt::format("{}: {}: no such file", setting, path));
  if (secret && ((*file)->mode & kOthersMask) != 0) {
    return base::Error{base::Code::kForbidden,
                       fmt::format("{}: the key file {} can be read by others; run: chmod 600 {}",
                                   setting, path, path)};
  }
  return std::move((*file)->text);
}

}  // namespace

base::Result<std::shared_ptr<http::TlsContext>> read_tls(const TlsFiles& files) {
  if (files.cert.empty()) return std::shared_ptr<http::TlsContext>();
  http::TlsContext::Options options;
  ASSIGN_OR_RETURN(options.cert, read_pem("http_cert", files.cert, false));
  ASSIGN_OR_RETURN(options.key, read_pem("http_key", files.key, true));
  ASSIGN_OR_RETURN(options.client_ca, read_pem("http_client_ca", files.client_ca, false));
  options.now = trusted_seconds;
  auto made = http::TlsContext::make(std::move(options));
  if (made.ok()) return made;
  std::string names = files.cert + ", " + files.key;
  if (!files.client_ca.empty()) names += ", " + files.client_ca;
  return base::Error{made.error().code,
                     fmt::format("TLS with {}: {}", names, made.error().message)};
}

base::Result<HttpPort> open_http_port(uv_loop_t* loop, const HttpPortOptions& options,
                                      const http::Router& router, Log& log) {
  ASSIGN_OR_RETURN(auto tls, read_tls(options.tls));
  auto server = http::Server::open(loop, options.host, options.port, options.http, router);
  if (!server.ok()) {
    return base::Error{server.error().code,
                       "open the HTTP port (--http): " + server.error().message};
  }
  HttpPort port{std::move(*server), false};
  port.server->set_tls(std::move(tls));
  auto socket = port.server->listen_unix(options.socket);
  port.has_socket = socket.ok();
  if (!socket.ok()) {
    log.warn("http_socket",
             {{"problem", socket.error().message},
              {"meaning", "the agent goes on without a Unix socket; clients use the HTTP port"}});
  }
  return port;
}

void reload_tls(http::Server& server, const TlsFiles& files, Log& log) {
  auto tls = read_tls(files);
  if (tls.ok()) return server.set_tls(std::move(*tls));
  log.error("tls_reload_refused",
            {{"reason", tls.error().message},
             {"meaning", "new connections get the certificate that was in use before"}});
}

}  // namespace agent
