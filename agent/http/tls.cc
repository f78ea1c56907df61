#include "agent/http/tls.h"

#include <ctime>
#include <utility>
#include <vector>

#include "agent/http/openssl_library.h"
#include "crdt/base/bytes.h"
#include "crdt/base/check.h"

namespace http {
namespace {

constexpr std::size_t kPlainBytes = 16 * 1024;    // of one record
constexpr std::size_t kBatchBytes = 64 * 1024;    // encrypted at once, then sent
constexpr std::size_t kKeepBytes = 4 * 1024;      // memory that an idle connection may keep
constexpr std::size_t kOutgoingMax = 512 * 1024;  // a peer that asks for more than this fails
constexpr std::string_view kProtocol = "http/1.1";

// What OpenSSL last complained about, for messages to the operator.
std::string reason(const OpensslLibrary& ssl) {
  const char* text = ssl.ERR_reason_error_string(ssl.ERR_peek_last_error());
  return text != nullptr ? std::string(" (") + text + ")" : std::string();
}

template <typename Object, typename Free>
auto owned(Object* object, Free free) {
  return std::unique_ptr<Object, Free>(object, free);
}

// Reads a PEM text with one of the functions of OpenSSL.
class Pem {
 public:
  Pem(const OpensslLibrary& ssl, const std::string& text)
      : ssl_(ssl), bio_(ssl.BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))) {}
  ~Pem() { ssl_.BIO_free(bio_); }
  Pem(const Pem&) = delete;
  Pem& operator=(const Pem&) = delete;

  X509* next_certificate() { return ssl_.PEM_read_bio_X509(bio_, nullptr, no_password, nullptr); }
  EVP_PKEY* key() { return ssl_.PEM_read_bio_PrivateKey(bio_, nullptr, no_password, nullptr); }

 private:
  static int no_password(char*, int, int, void*) { return -1; }

  const OpensslLibrary& ssl_;
  BIO* bio_;
};

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned size, void*) {
  for (unsigned at = 0; at < size; at += 1u + offered[at]) {
    std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    if (name != kProtocol) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::int64_t seconds_of(const OpensslLibrary& ssl, const ASN1_TIME* time) {
  std::tm parts{};
  return ssl.ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string common_name(const OpensslLibrary& ssl, X509* certificate) {
  X509_NAME* subject = ssl.X509_get_subject_name(certificate);
  int at = ssl.X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || ssl.X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return {};
  ASN1_STRING* data = ssl.X509_NAME_ENTRY_get_data(ssl.X509_NAME_get_entry(subject, at));
  unsigned char* utf8 = nullptr;
  int size = ssl.ASN1_STRING_to_UTF8(&utf8, data);
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  ssl.CRYPTO_free(utf8, __FILE__, __LINE__);
  return base::is_utf8(name) && name.find('\0') == std::string::npos ? name : std::string();
}

ClientCertificate read_certificate(const OpensslLibrary& ssl, X509* certificate) {
  ClientCertificate out;
  out.common_name = common_name(ssl, certificate);
  const ASN1_INTEGER* serial = ssl.X509_get0_serialNumber(certificate);
  const auto* bytes = reinterpret_cast<const char*>(ssl.ASN1_STRING_get0_data(serial));
  out.serial = base::to_hex(
      std::string_view(bytes, static_cast<std::size_t>(ssl.ASN1_STRING_length(serial))));
  out.not_before = seconds_of(ssl, ssl.X509_get0_notBefore(certificate));
  out.not_after = seconds_of(ssl, ssl.X509_get0_notAfter(certificate));
  return out;
}

int bio_write(BIO* bio, const char* bytes, int size);
int bio_read(BIO* bio, char* out, int size);
long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

// --- The context ---------------------------------------------------------------------------------

struct TlsContext::Impl {
  const OpensslLibrary& ssl;
  Options options;
  SSL_CTX* context = nullptr;
  std::vector<char> plain = std::vector<char>(kPlainBytes);  // its bytes are used at once

  ~Impl() { ssl.SSL_CTX_free(context); }
  base::Status use_certificate();
  base::Status use_key();
  base::Status use_client_ca();
  void set_rules();
};

namespace {

// The method of our BIO is made once and kept, as the library is.
BIO_METHOD* bio_method(const OpensslLibrary& ssl) {
  static BIO_METHOD* const kMethod = [&] {
    BIO_METHOD* method = ssl.BIO_meth_new(BIO_TYPE_SOURCE_SINK, "hearsay channel");
    CHECK(method != nullptr);
    ssl.BIO_meth_set_write(method, bio_write);
    ssl.BIO_meth_set_read(method, bio_read);
    ssl.BIO_meth_set_ctrl(method, bio_control);
    return method;
  }();
  return kMethod;
}

const OpensslLibrary& loaded() { return *openssl_library().value(); }

int bio_write(BIO* bio, const char* bytes, int size) {
  return static_cast<Tls*>(loaded().BIO_get_data(bio))->take(bytes, size) ? size : -1;
}

int bio_read(BIO* bio, char* out, int size) {
  const OpensslLibrary& ssl = loaded();
  ssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  int given = static_cast<Tls*>(ssl.BIO_get_data(bio))->give(out, size);
  if (given > 0) return given;
  ssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
  return -1;
}

}  // namespace

base::Status TlsContext::Impl::use_certificate() {
  Pem pem(ssl, options.cert);
  auto first = owned(pem.next_certificate(), ssl.X509_free);
  if (first == nullptr) {
    return base::invalid("there is no certificate in PEM form (BEGIN CERTIFICATE)" + reason(ssl));
  }
  if (ssl.SSL_CTX_use_certificate(context, first.get()) != 1) {
    return base::invalid("the certificate cannot be used" + reason(ssl));
  }
  while (auto issuer = owned(pem.next_certificate(), ssl.X509_free)) {
    if (ssl.SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, issuer.get()) != 1) {
      return base::invalid("a certificate of an issuer cannot be used" + reason(ssl));
    }
  }
  return {};
}

base::Status TlsContext::Impl::use_key() {
  Pem pem(ssl, options.key);
  auto key = owned(pem.key(), ssl.EVP_PKEY_free);
  if (key == nullptr) {
    return base::invalid("there is no key in PEM form without a password (BEGIN PRIVATE KEY)" +
                         reason(ssl));
  }
  if (ssl.SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      ssl.SSL_CTX_check_private_key(context) != 1) {
    return base::invalid("the key does not belong to the certificate" + reason(ssl));
  }
  return {};
}

base::Status TlsContext::Impl::use_client_ca() {
  if (options.client_ca.empty()) return {};
  Pem pem(ssl, options.client_ca);
  std::size_t count = 0;
  while (auto authority = owned(pem.next_certificate(), ssl.X509_free)) {
    ++count;
    bool added = ssl.X509_STORE_add_cert(ssl.SSL_CTX_get_cert_store(context), authority.get()) == 1;
    if (!added || ssl.SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return base::invalid("a certificate for clients cannot be used" + reason(ssl));
    }
  }
  if (count == 0) {
    return base::invalid("there is no certificate for clients in PEM form (BEGIN CERTIFICATE)" +
                         reason(ssl));
  }
  ssl.SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

void TlsContext::Impl::set_rules() {
  ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_3_VERSION, nullptr);
  ssl.SSL_CTX_ctrl(context, SSL_CTRL_MODE,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                   nullptr);
  ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
  ssl.SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ssl.SSL_CTX_set_num_tickets(context, 1);
  // Without this name OpenSSL refuses a ticket of a client that has a certificate.
  static constexpr unsigned char kSession[] = "hearsay";
  ssl.SSL_CTX_set_session_id_context(context, kSession, sizeof kSession - 1);
  ssl.SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  // The given authorities are trusted themselves, even if another one issued them.
  ssl.X509_VERIFY_PARAM_set_flags(ssl.SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

base::Result<std::shared_ptr<TlsContext>> TlsContext::make(Options options) {
  ASSIGN_OR_RETURN(const OpensslLibrary* ssl, openssl_library());
  ssl->ERR_clear_error();
  std::unique_ptr<Impl> impl(new Impl{*ssl, std::move(options)});
  impl->context = ssl->SSL_CTX_new(ssl->TLS_server_method());
  if (impl->context == nullptr) {
    return base::Error{base::Code::kUnavailable, "set up OpenSSL" + reason(*ssl)};
  }
  impl->set_rules();
  RETURN_IF_ERROR(impl->use_certificate());
  RETURN_IF_ERROR(impl->use_key());
  RETURN_IF_ERROR(impl->use_client_ca());
  ssl->ERR_clear_error();
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

// --- One connection ------------------------------------------------------------------------------

Tls::Tls(std::unique_ptr<Channel> inner, std::shared_ptr<TlsContext> context)
    : inner_(std::move(inner)), context_(std::move(context)), peer_(inner_->peer()) {
  const OpensslLibrary& ssl = context_->impl_->ssl;
  inner_->set_user(*this);
  peer_.tls = true;
  ssl_ = ssl.SSL_new(context_->impl_->context);
  CHECK(ssl_ != nullptr);
  BIO* bio = ssl.BIO_new(bio_method(ssl));
  CHECK(bio != nullptr);
  ssl.BIO_set_data(bio, this);
  ssl.BIO_set_init(bio, 1);
  ssl.SSL_set_bio(ssl_, bio, bio);
  ssl.SSL_set_accept_state(ssl_);
  const auto& now = context_->impl_->options.now;
  auto seconds = now ? now() : std::nullopt;
  X509_VERIFY_PARAM* rules = ssl.SSL_get0_param(ssl_);
  if (seconds) {
    ssl.X509_VERIFY_PARAM_set_time(rules, *seconds);
  } else {
    ssl.X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
  }
}

Tls::~Tls() { context_->impl_->ssl.SSL_free(ssl_); }

int Tls::give(char* out, int size) {
  std::size_t count = incoming_.copy(out, static_cast<std::size_t>(size));
  incoming_.remove_prefix(count);
  return static_cast<int>(count);
}

bool Tls::take(const char* bytes, int size) {
  if (outgoing_.size() > kOutgoingMax) return false;
  outgoing_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

bool Tls::is_expired() const {
  const auto& now = context_->impl_->options.now;
  auto seconds = peer_.certificate && now ? now() : std::nullopt;
  if (!seconds) return false;
  return *seconds > peer_.certificate->not_after || *seconds < peer_.certificate->not_before;
}

void Tls::on_bytes(std::string_view bytes) {
  incoming_ = bytes;
  if (open_ || shake_hands()) read_all();
  incoming_ = {};
}

bool Tls::shake_hands() {
  const OpensslLibrary& ssl = context_->impl_->ssl;
  ssl.ERR_clear_error();
  int result = ssl.SSL_do_handshake(ssl_);
  bool more = result != 1 && ssl.SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ;
  if (result == 1) {
    X509* certificate = ssl.SSL_get0_peer_certificate(ssl_);
    if (certificate != nullptr) peer_.certificate = read_certificate(ssl, certificate);
    // A resumed session does not verify the certificate again.
    open_ = !is_expired();
  }
  bool sent = send_more();
  if (!sent || (!open_ && !more)) fail();
  return open_;
}

void Tls::read_all() {
  const OpensslLibrary& ssl = context_->impl_->ssl;
  auto& plain = context_->impl_->plain;
  while (!closed_ && !ended_) {
    ssl.ERR_clear_error();
    int count = ssl.SSL_read(ssl_, plain.data(), static_cast<int>(plain.size()));
    if (count > 0) {
      user_->on_bytes({plain.data(), static_cast<std::size_t>(count)});
      continue;
    }
    int error = ssl.SSL_get_error(ssl_, count);
    bool sent = send_more();
    if (sent && error == SSL_ERROR_WANT_READ) return;
    if (!sent || error != SSL_ERROR_ZERO_RETURN) return fail();
    ended_ = true;
    user_->on_end();
  }
}

void Tls::fail() {
  ended_ = true;
  user_->on_broken();
}

// The other side has ended TCP. Without the end of TLS before it bytes may be missing, but HTTP has
// lengths of its own.
void Tls::on_end() {
  if (std::exchange(ended_, true)) return;
  open_ ? user_->on_end() : user_->on_broken();
}

std::size_t Tls::encrypt(std::string_view text) {
  const OpensslLibrary& ssl = context_->impl_->ssl;
  std::size_t done = 0;
  while (done < text.size() && outgoing_.size() < kBatchBytes) {
    ssl.ERR_clear_error();
    std::size_t size = std::min(text.size() - done, kPlainBytes);
    int count = ssl.SSL_write(ssl_, text.data() + done, static_cast<int>(size));
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

// Gives what is encrypted to the inner channel, unless that is still sending.
bool Tls::flush() {
  if (outgoing_.empty() || !sending_.empty()) return true;
  auto taken = inner_->try_write(outgoing_);
  if (!taken) return false;
  if (*taken == outgoing_.size()) {
    outgoing_.clear();
    if (outgoing_.capacity() > kKeepBytes) outgoing_.shrink_to_fit();
    return true;
  }
  outgoing_.erase(0, *taken);
  sending_ = std::exchange(outgoing_, {});
  Wrote wrote = inner_->write({&sending_, 1});
  if (wrote == Wrote::kAll) sending_.clear();
  return wrote != Wrote::kBroken;
}

// Encrypts and sends as much as the inner channel takes. False: the channel is broken.
bool Tls::send_more() {
  for (;;) {
    if (!flush()) return false;
    if (!sending_.empty() || pieces_.empty() || !open_) return true;
    std::string_view rest = std::string_view(pieces_.front()).substr(piece_start_);
    std::size_t count = encrypt(rest);
    if (count == 0 && !rest.empty()) return false;
    piece_start_ += count;
    pieces_bytes_ -= count;
    if (count < rest.size()) continue;
    pieces_ = pieces_.subspan(1);
    piece_start_ = 0;
  }
}

std::optional<std::size_t> Tls::try_write(std::string_view text) {
  if (!open_ || unsent() > 0) return 0;
  std::size_t count = encrypt(text);
  if (count == 0 && !text.empty()) return std::nullopt;
  if (!flush()) return std::nullopt;
  return count;
}

Channel::Wrote Tls::write(std::span<std::string> pieces) {
  pieces_ = pieces;
  piece_start_ = 0;
  pieces_bytes_ = 0;
  for (const std::string& piece : pieces) pieces_bytes_ += piece.size();
  if (!send_more()) return Wrote::kBroken;
  return unsent() == 0 ? Wrote::kAll : Wrote::kLater;
}

std::size_t Tls::unsent() const { return pieces_bytes_ + outgoing_.size() + inner_->unsent(); }

void Tls::on_drained(bool ok) {
  sending_ = {};
  if (closed_ || !ok) return user_->on_drained(false);
  if (!send_more()) return user_->on_broken();
  if (!sending_.empty()) return;
  if (shut_down_) inner_->shut_down();
  user_->on_drained(true);
}

void Tls::shut_down() {
  shut_down_ = true;
  if (open_) {
    context_->impl_->ssl.ERR_clear_error();
    context_->impl_->ssl.SSL_shutdown(ssl_);
    flush();
  }
  if (sending_.empty()) inner_->shut_down();
}

void Tls::close() {
  closed_ = true;
  inner_->close();
}

}  // namespace http
