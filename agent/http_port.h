#pragma once

// How clients reach the agent: the HTTP port, with TLS if certificates are configured, and the Unix
// socket in the data directory.

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>

#include "agent/http/server.h"
#include "agent/http/tls.h"
#include "agent/log.h"
#include "crdt/base/result.h"

namespace agent {

// Files in PEM form.
struct TlsFiles {
  std::string cert;  // empty: no TLS
  std::string key;
  std::string client_ca;  // empty: clients are not asked for a certificate
};

struct HttpPortOptions {
  std::string host;  // numeric; without TLS it is of loopback
  std::uint16_t port = 0;
  std::string socket;  // path of the Unix socket
  TlsFiles tls;
  http::Options http;
};

// Reads the files. Null: TLS is not configured. The error names the file and says what to do: it
// cannot be read, others can read the key, or its content is wrong. Dates of certificates are
// judged by the wall clock, unless it shows a time before the build of this program.
base::Result<std::shared_ptr<http::TlsContext>> read_tls(const TlsFiles& files);

struct HttpPort {
  std::unique_ptr<http::Server> server;
  bool has_socket = false;
};
// An agent without its Unix socket goes on, and the log says why it has none. Every other fault is
// an error.
base::Result<HttpPort> open_http_port(uv_loop_t* loop, const HttpPortOptions& options,
                                      const http::Router& router, Log& log);

// Takes over the files as they are now, for new connections. After an error the former certificate
// stays in use, and the log says so.
void reload_tls(http::Server& server, const TlsFiles& files, Log& log);

}  // namespace agent
