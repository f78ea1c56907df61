#include "tests/http/tls_pipe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "crdt/base/check.h"

namespace http::testing {
namespace {

constexpr int kReceiveBytes = 64 * 1024;

int connect_to(std::uint16_t port) {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

BIO* bio_of(const std::string& pem) {
  return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
}

void use(SSL_CTX* context, const Certificate& certificate) {
  BIO* bio = bio_of(certificate.pem);
  X509* x509 = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  CHECK(x509 != nullptr && SSL_CTX_use_certificate(context, x509) == 1);
  X509_free(x509);
  BIO_free(bio);
  bio = bio_of(certificate.key);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  CHECK(key != nullptr && SSL_CTX_use_PrivateKey(context, key) == 1);
  EVP_PKEY_free(key);
  BIO_free(bio);
}

void trust(SSL_CTX* context, const std::string& pem) {
  BIO* bio = bio_of(pem);
  X509* x509 = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  CHECK(x509 != nullptr && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), x509) == 1);
  X509_free(x509);
  BIO_free(bio);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_NO_CHECK_TIME);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* sessions = static_cast<std::vector<SSL_SESSION*>*>(SSL_get_app_data(ssl));
  if (sessions == nullptr) return 0;
  sessions->push_back(session);
  return 1;
}

void set_blocking(int socket, bool blocking) {
  int flags = ::fcntl(socket, F_GETFL);
  ::fcntl(socket, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

}  // namespace

TlsPipe::TlsPipe(std::uint16_t port, const TlsWishes& wishes) : tcp_(connect_to(port)) {
  std::signal(SIGPIPE, SIG_IGN);
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context_, wishes.version);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_, keep_session);
  if (!wishes.certificate.pem.empty()) use(context_, wishes.certificate);
  if (!wishes.ca.empty()) trust(context_, wishes.ca);
  ssl_ = SSL_new(context_);
  SSL_set_app_data(ssl_, wishes.sessions);
  SSL_set_fd(ssl_, tcp_);
  if (!wishes.protocol.empty()) {
    std::string list = static_cast<char>(wishes.protocol.size()) + wishes.protocol;
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  if (wishes.session != nullptr) SSL_set_session(ssl_, wishes.session);
  connected_ = SSL_connect(ssl_) == 1;
  int pair[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  inner_ = pair[0];
  outer_ = pair[1];
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  if (!connected_) {
    ::shutdown(inner_, SHUT_RDWR);
    return;
  }
  set_blocking(tcp_, false);
  thread_ = std::thread([this] { carry(); });
}

TlsPipe::~TlsPipe() {
  std::uint64_t one = 1;
  CHECK(::write(stop_, &one, sizeof one) == sizeof one);
  if (thread_.joinable()) thread_.join();
  // OpenSSL does not resume a session whose connection had no orderly end.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  for (int socket : {tcp_, inner_, outer_, stop_}) {
    if (socket >= 0) ::close(socket);
  }
}

std::string TlsPipe::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

int TlsPipe::take_socket() { return std::exchange(outer_, -1); }

// Neither direction waits for the other one.
void TlsPipe::carry() {
  while (out_open_ || in_open_ || !to_server_.empty() || !to_test_.empty()) {
    short inner = 0;
    short tcp = 0;
    if (out_open_ && to_server_.empty()) inner |= POLLIN;
    if (!to_test_.empty()) inner |= POLLOUT;
    if (in_open_ && to_test_.empty()) tcp |= POLLIN;
    if (!to_server_.empty()) tcp |= POLLOUT;
    pollfd entries[] = {{inner_, inner, 0}, {tcp_, tcp, 0}, {stop_, POLLIN, 0}};
    if (::poll(entries, 3, -1) < 0 || entries[2].revents != 0) return;
    char next = 0;
    bool hung_up = (entries[0].revents & POLLHUP) != 0 && to_server_.empty();
    if (hung_up && ::recv(inner_, &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
      // The test has closed its socket: the server must see a reset.
      linger hard{1, 0};
      ::setsockopt(tcp_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      ::close(std::exchange(tcp_, -1));
      return;
    }
    if ((inner & POLLIN) != 0 && entries[0].revents != 0) take_from_test();
    if (!to_server_.empty() && !give_to_server()) return;
    if ((tcp & POLLIN) != 0 && entries[1].revents != 0) take_from_server();
    if (!to_test_.empty()) give_to_test();
  }
}

void TlsPipe::take_from_test() {
  std::array<char, 16 * 1024> bytes{};
  ssize_t count = ::recv(inner_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count > 0) to_server_.assign(bytes.data(), static_cast<std::size_t>(count));
  if (count != 0) return;
  out_open_ = false;
  SSL_shutdown(ssl_);
  ::shutdown(tcp_, SHUT_WR);
}

// False: the server is gone.
bool TlsPipe::give_to_server() {
  int written = SSL_write(ssl_, to_server_.data(), static_cast<int>(to_server_.size()));
  if (written <= 0 && SSL_get_error(ssl_, written) == SSL_ERROR_WANT_WRITE) return true;
  to_server_.clear();
  if (written > 0) return true;
  ::shutdown(inner_, SHUT_RDWR);
  return false;
}

void TlsPipe::take_from_server() {
  std::array<char, 16 * 1024> bytes{};
  int count = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  if (count > 0) return void(to_test_.assign(bytes.data(), static_cast<std::size_t>(count)));
  if (SSL_get_error(ssl_, count) == SSL_ERROR_WANT_READ) return;
  in_open_ = false;
  ::shutdown(inner_, SHUT_WR);
}

void TlsPipe::give_to_test() {
  ssize_t put = ::send(inner_, to_test_.data(), to_test_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put > 0) to_test_.erase(0, static_cast<std::size_t>(put));
  if (put < 0 && errno != EAGAIN) to_test_.clear();
}

}  // namespace http::testing
