#pragma once

// A server that is reached by one of its kinds of channel, and clients that reach it. Tests that
// hold for every kind take the kind as their parameter.

#include <memory>
#include <string>
#include <vector>

#include "tests/http/certificates.h"
#include "tests/http/client.h"
#include "tests/http/running_server.h"
#include "tests/http/tls_pipe.h"
#include "tests/support/scoped_directory.h"

namespace http::testing {

enum class ChannelKind { kTcp, kUnix, kTls };
std::string channel_name(ChannelKind kind);  // "Tcp"

class ChannelServer {
 public:
  ChannelServer(ChannelKind kind, const RunningServer::Fill& fill, const Options& options = {});

  RunningServer& server() { return *server_; }
  Client connect();  // lives no longer than this object

 private:
  ChannelKind kind_;
  support::ScopedDirectory directory_;
  std::string socket_path_;
  std::unique_ptr<RunningServer> server_;
  std::vector<std::unique_ptr<TlsPipe>> pipes_;
};

// A context with a certificate of `authority`. CHECKs that it can be made.
std::shared_ptr<TlsContext> make_tls(const Authority& authority, TlsContext::Options options = {});

}  // namespace http::testing
