#include "tests/http/every_channel.h"

#include <utility>

#include "crdt/base/check.h"

namespace http::testing {

std::string channel_name(ChannelKind kind) {
  return kind == ChannelKind::kTcp ? "Tcp" : kind == ChannelKind::kUnix ? "Unix" : "Tls";
}

ChannelServer::ChannelServer(ChannelKind kind, const RunningServer::Fill& fill,
                             const Options& options)
    : kind_(kind) {
  Doorways doorways;
  if (kind == ChannelKind::kUnix) doorways.unix_socket = socket_path_ = directory_ / "http.sock";
  if (kind == ChannelKind::kTls) doorways.tls = make_tls(Authority("ca"));
  server_ = std::make_unique<RunningServer>(fill, options, "127.0.0.1", doorways);
}

Client ChannelServer::connect() {
  if (kind_ == ChannelKind::kTcp) return Client(server_->port());
  if (kind_ == ChannelKind::kUnix) return Client(std::filesystem::path(socket_path_));
  pipes_.push_back(std::make_unique<TlsPipe>(server_->port(), TlsWishes{}));
  CHECK(pipes_.back()->connected());
  return Client::on(pipes_.back()->take_socket());
}

std::shared_ptr<TlsContext> make_tls(const Authority& authority, TlsContext::Options options) {
  if (options.cert.empty()) {
    CertificateFacts facts;
    facts.name = "agent";
    Certificate certificate = authority.issue(facts);
    options.cert = certificate.pem;
    options.key = certificate.key;
  }
  auto made = TlsContext::make(std::move(options));
  CHECK(made.ok());
  return std::move(made).value();
}

}  // namespace http::testing
