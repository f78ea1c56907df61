#pragma once

// TLS 1.3 on the server side, as a channel on top of another channel. OpenSSL encrypts; it sees no
// socket, only bytes. Loop thread only.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/http/channel.h"
#include "crdt/base/result.h"

struct ssl_st;

namespace http {

// The certificate and the rules of a server. Connections share it; a connection keeps the context
// that it began with.
class TlsContext {
 public:
  struct Options {
    std::string cert;       // PEM: the certificate of the server, then those of its issuers
    std::string key;        // PEM, not encrypted
    std::string client_ca;  // PEM: who may issue certificates of clients; empty: nobody is asked
    // Unix seconds. Nullopt, or no function: the time is not known (a host without a clock starts
    // in 1970), and no dates of certificates are judged.
    std::function<std::optional<std::int64_t>()> now;
  };
  // Loads OpenSSL if needed. kInvalid says which part is wrong: no certificate, no key, an
  // encrypted key, a key that does not belong to the certificate, a wrong CA. kInternal: OpenSSL is
  // not installed.
  static base::Result<std::shared_ptr<TlsContext>> make(Options options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class Tls;
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A client without a certificate is accepted; one with a wrong certificate is not. The handshake is
// part of the time for the first head. Bytes of one read are passed on even after stop_reading().
class Tls final : public Channel, private ChannelUser {
 public:
  Tls(std::unique_ptr<Channel> inner, std::shared_ptr<TlsContext> context);
  ~Tls() override;
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  const Peer& peer() const override { return peer_; }
  bool is_open() const override { return open_; }
  bool is_expired() const override;
  bool start_reading() override { return inner_->start_reading(); }
  void stop_reading() override { inner_->stop_reading(); }
  std::optional<std::size_t> try_write(std::string_view text) override;
  Wrote write(std::span<std::string> pieces) override;
  std::size_t unsent() const override;
  void shut_down() override;
  void close() override;

  // Called by OpenSSL.
  int give(char* out, int size);  // 0: there is nothing now
  bool take(const char* bytes, int size);

 private:
  void on_bytes(std::string_view bytes) override;
  void on_end() override;
  void on_broken() override { user_->on_broken(); }
  void on_drained(bool ok) override;
  void on_channel_closed() override { user_->on_channel_closed(); }

  bool shake_hands();
  void read_all();
  std::size_t encrypt(std::string_view text);
  bool flush();
  bool send_more();
  void fail();

  std::unique_ptr<Channel> inner_;
  std::shared_ptr<TlsContext> context_;
  Peer peer_;
  ssl_st* ssl_ = nullptr;
  bool open_ = false;
  bool ended_ = false;  // the other side sends nothing more
  bool shut_down_ = false;
  bool closed_ = false;

  std::string_view incoming_;      // of the present read, not yet taken by OpenSSL
  std::string outgoing_;           // encrypted, not yet given to inner_
  std::string sending_;            // given to inner_
  std::span<std::string> pieces_;  // not yet encrypted; the first one from `piece_start_` on
  std::size_t piece_start_ = 0;
  std::size_t pieces_bytes_ = 0;
};

}  // namespace http
