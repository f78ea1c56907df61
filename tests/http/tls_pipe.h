#pragma once

// The client side of TLS by OpenSSL's own socket functions: a thread that carries bytes between a
// plain socket, which a test uses, and a TLS connection to a server of 127.0.0.1.

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/http/certificates.h"

namespace http::testing {

struct TlsWishes {
  std::string ca;           // PEM: who issued the server's certificate; empty: it is not verified
  Certificate certificate;  // of the client; empty: none
  int version = TLS1_3_VERSION;
  std::string protocol = "http/1.1";              // for ALPN; empty: none
  SSL_SESSION* session = nullptr;                 // to resume
  std::vector<SSL_SESSION*>* sessions = nullptr;  // gets the tickets; the test frees them
};

class TlsPipe {
 public:
  TlsPipe(std::uint16_t port, const TlsWishes& wishes);
  ~TlsPipe();
  TlsPipe(const TlsPipe&) = delete;
  TlsPipe& operator=(const TlsPipe&) = delete;

  // The handshake was good as far as the client knows: with TLS 1.3 the server may still refuse the
  // certificate of the client.
  bool connected() const { return connected_; }
  std::string protocol() const;  // that ALPN chose
  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  int take_socket();  // for plain bytes; the caller owns it

 private:
  void carry();
  void take_from_test();
  bool give_to_server();
  void take_from_server();
  void give_to_test();

  int tcp_ = -1;
  int inner_ = -1;
  int outer_ = -1;
  int stop_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  bool out_open_ = true;  // the test may still send
  bool in_open_ = true;   // the server may still send
  std::string to_server_;
  std::string to_test_;
  std::thread thread_;
};

}  // namespace http::testing
