#pragma once

// Who is at the other end of a connection, as the system and TLS tell. A value.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace http {

// The certificate of a client, after its signatures were verified. Dates are Unix seconds.
struct ClientCertificate {
  std::string common_name;  // of the subject; empty if it has none or more than one
  std::string serial;       // lower-case hex
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
};

struct Peer {
  enum class Kind : std::uint8_t { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  bool loopback = false;      // TCP from a loopback address
  bool tls = false;           // set from the start of the handshake
  std::optional<uid_t> user;  // of the process at a Unix socket, when it connected
  std::optional<ClientCertificate> certificate;

  // A process of this host, as far as the address tells.
  bool is_local() const { return kind == Kind::kUnix || loopback; }
};

}  // namespace http
