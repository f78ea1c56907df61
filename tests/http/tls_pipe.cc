#include "tests/http/tls_pipe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
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
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
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

void TlsPipe::carry() {
  while (out_open_ || in_open_) {
    short in_events = static_cast<short>((out_open_ ? POLLIN : 0) | POLLRDHUP);
    pollfd entries[] = {{inner_, in_events, 0},
                        {tcp_, static_cast<short>(in_open_ ? POLLIN : 0), 0},
                        {stop_, POLLIN, 0}};
    if (!out_open_) entries[0].events = 0;
    if (::poll(entries, 3, -1) < 0) return;
    if (entries[2].revents != 0) return;
    char next = 0;
    bool hung_up = (entries[0].revents & POLLHUP) != 0;
    if (hung_up && ::recv(inner_, &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
      // The test has closed its socket: the server must see a reset.
      linger hard{1, 0};
      ::setsockopt(tcp_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      ::close(std::exchange(tcp_, -1));
      return;
    }
    if (out_open_ && entries[0].revents != 0 && !carry_out()) return;
    if (in_open_ && entries[1].revents != 0 && !carry_in()) return;
  }
}

// False: there is nothing more to carry.
bool TlsPipe::carry_out() {
  std::array<char, 16 * 1024> bytes{};
  ssize_t count = ::read(inner_, bytes.data(), bytes.size());
  if (count < 0) return false;
  if (count == 0) {
    out_open_ = false;
    SSL_shutdown(ssl_);
    ::shutdown(tcp_, SHUT_WR);
    return true;
  }
  for (;;) {
    int written = SSL_write(ssl_, bytes.data(), static_cast<int>(count));
    if (written > 0) return true;
    if (SSL_get_error(ssl_, written) != SSL_ERROR_WANT_WRITE) {
      ::shutdown(inner_, SHUT_RDWR);
      return false;
    }
    // The server does not read: what it sends must still arrive.
    pollfd entries[] = {{tcp_, static_cast<short>(POLLOUT | POLLIN), 0}, {stop_, POLLIN, 0}};
    ::poll(entries, 2, -1);
    if (entries[1].revents != 0) return false;
    if (in_open_ && (entries[0].revents & POLLIN) != 0 && !carry_in()) return false;
  }
}

bool TlsPipe::carry_in() {
  std::array<char, 16 * 1024> bytes{};
  for (;;) {
    int count = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (count <= 0) {
      if (SSL_get_error(ssl_, count) == SSL_ERROR_WANT_READ) return true;
      in_open_ = false;
      ::shutdown(inner_, SHUT_WR);
      return true;
    }
    std::size_t done = 0;
    while (done < static_cast<std::size_t>(count)) {
      pollfd entries[] = {{inner_, POLLOUT, 0}, {stop_, POLLIN, 0}};
      ::poll(entries, 2, -1);
      if (entries[1].revents != 0) return false;
      ssize_t put = ::send(inner_, bytes.data() + done, static_cast<std::size_t>(count) - done,
                           MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN) return true;  // the poll of carry() sees the end
      if (put > 0) done += static_cast<std::size_t>(put);
    }
  }
}

}  // namespace http::testing
