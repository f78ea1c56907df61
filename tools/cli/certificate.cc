#include "tools/cli/certificate.h"

#include <arpa/inet.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <memory>

#include "agent/access/key_file.h"
#include "agent/http/openssl_library.h"
#include "crdt/base/bytes.h"

namespace cli {
namespace {

constexpr std::size_t kSerialBytes = 16;
constexpr long kVersion3 = 2;

using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// One certificate while it is made. A step that fails is noted; the steps after it do nothing.
class Maker {
 public:
  explicit Maker(const http::OpensslLibrary& crypto)
      : crypto_(crypto),
        certificate_(crypto.X509_new(), crypto.X509_free),
        key_(crypto.EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), crypto.EVP_PKEY_free) {
    need(certificate_ != nullptr && key_ != nullptr, "make a key");
  }

  void set_facts(const Subject& subject) {
    if (!ok()) return;
    need(crypto_.X509_set_version(certificate_.get(), kVersion3) == 1, "set the version");
    set_serial();
    need(crypto_.ASN1_TIME_set(crypto_.X509_getm_notBefore(certificate_.get()), 0) != nullptr,
         "set the begin");
    auto end = static_cast<time_t>(subject.not_after);
    need(crypto_.ASN1_TIME_set(crypto_.X509_getm_notAfter(certificate_.get()), end) != nullptr,
         "set the end");
    X509_NAME* name = crypto_.X509_get_subject_name(certificate_.get());
    const auto* text = reinterpret_cast<const unsigned char*>(subject.name.data());
    need(crypto_.X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text,
                                            static_cast<int>(subject.name.size()), -1, 0) == 1,
         "set the name");
    need(crypto_.X509_set_pubkey(certificate_.get(), key_.get()) == 1, "set the public key");
  }

  // `issuer` is null for a certificate that signs itself.
  void extend(X509* issuer, const std::vector<std::pair<int, std::string>>& extensions) {
    if (!ok()) return;
    X509V3_CTX context{};
    crypto_.X509V3_set_ctx(&context, issuer != nullptr ? issuer : certificate_.get(),
                           certificate_.get(), nullptr, nullptr, 0);
    for (const auto& [kind, value] : extensions) {
      std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
          crypto_.X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()),
          crypto_.X509_EXTENSION_free);
      need(extension != nullptr &&
               crypto_.X509_add_ext(certificate_.get(), extension.get(), -1) == 1,
           "add the extension " + value);
    }
  }

  void sign(X509* issuer, EVP_PKEY* key) {
    if (!ok()) return;
    X509* names = issuer != nullptr ? issuer : certificate_.get();
    need(
        crypto_.X509_set_issuer_name(certificate_.get(), crypto_.X509_get_subject_name(names)) == 1,
        "set the issuer");
    need(crypto_.X509_sign(certificate_.get(), key != nullptr ? key : key_.get(),
                           crypto_.EVP_sha256()) != 0,
         "sign");
  }

  base::Result<CertificateFiles> finish() {
    CertificateFiles files;
    if (ok()) {
      BioPtr certificate(crypto_.BIO_new(crypto_.BIO_s_mem()), crypto_.BIO_free);
      BioPtr key(crypto_.BIO_new(crypto_.BIO_s_mem()), crypto_.BIO_free);
      need(crypto_.PEM_write_bio_X509(certificate.get(), certificate_.get()) == 1 &&
               crypto_.PEM_write_bio_PKCS8PrivateKey(key.get(), key_.get(), nullptr, nullptr, 0,
                                                     nullptr, nullptr) == 1,
           "write PEM");
      files = {text_of(certificate.get()), text_of(key.get()), serial_};
    }
    if (!ok()) return base::Error{base::Code::kInternal, failed_};
    return files;
  }

 private:
  bool ok() const { return failed_.empty(); }
  void need(bool done, const std::string& what) {
    if (done || !ok()) return;
    std::array<char, 256> reason{};
    crypto_.ERR_error_string_n(crypto_.ERR_get_error(), reason.data(), reason.size());
    failed_ = "make a certificate: " + what + ": " + reason.data();
  }
  void set_serial() {
    base::Bytes bytes(kSerialBytes, '\0');
    need(sodium_init() >= 0, "set up libsodium");
    randombytes_buf(bytes.data(), bytes.size());
    auto normal = auth::normal_serial(base::to_hex(bytes));
    need(normal.ok(), "draw a serial number");
    if (normal.ok()) serial_ = *normal;
    BIGNUM* number = crypto_.BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()), nullptr);
    need(crypto_.BN_to_ASN1_INTEGER(number, crypto_.X509_get_serialNumber(certificate_.get())) !=
             nullptr,
         "set the serial number");
    crypto_.BN_free(number);
  }
  std::string text_of(BIO* bio) {
    std::string out;
    std::array<char, 1024> piece{};
    for (;;) {
      int got = crypto_.BIO_read(bio, piece.data(), static_cast<int>(piece.size()));
      if (got <= 0) return out;
      out.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

  const http::OpensslLibrary& crypto_;
  CertificatePtr certificate_;
  KeyPtr key_;
  std::string serial_;
  std::string failed_;
};

// An encrypted key is refused. Without this, OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) { return -1; }

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string out;
  for (const std::string& host : hosts) {
    out += (out.empty() ? "" : ",") + std::string(is_address(host) ? "IP:" : "DNS:") + host;
  }
  return out;
}

}  // namespace

bool is_certificate_host(const std::string& host) {
  if (is_address(host)) return true;
  std::string name = host.starts_with("*.") ? host.substr(2) : host;
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

base::Result<CertificateFiles> new_authority(const Subject& subject) {
  ASSIGN_OR_RETURN(const http::OpensslLibrary* crypto, http::openssl_library());
  Maker maker(*crypto);
  maker.set_facts(subject);
  maker.extend(nullptr, {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                         {NID_key_usage, "critical,keyCertSign,cRLSign"},
                         {NID_subject_key_identifier, "hash"}});
  maker.sign(nullptr, nullptr);
  return maker.finish();
}

base::Result<CertificateFiles> new_certificate(const Subject& subject,
                                               const CertificateFiles& authority) {
  ASSIGN_OR_RETURN(const http::OpensslLibrary* crypto, http::openssl_library());
  auto bio_of = [&](const std::string& text) {
    return BioPtr(crypto->BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                  crypto->BIO_free);
  };
  CertificatePtr issuer(
      crypto->PEM_read_bio_X509(bio_of(authority.certificate).get(), nullptr, nullptr, nullptr),
      crypto->X509_free);
  KeyPtr key(
      crypto->PEM_read_bio_PrivateKey(bio_of(authority.key).get(), nullptr, no_password, nullptr),
      crypto->EVP_PKEY_free);
  if (issuer == nullptr) return base::invalid("ca.crt is no certificate in PEM");
  if (key == nullptr) return base::invalid("ca.key is no unencrypted private key in PEM");
  if (crypto->X509_check_ca(issuer.get()) != 1) {
    return base::invalid("ca.crt is not the certificate of an authority");
  }
  if (crypto->X509_check_private_key(issuer.get(), key.get()) != 1) {
    return base::invalid("ca.key does not belong to ca.crt");
  }
  Maker maker(*crypto);
  maker.set_facts(subject);
  std::vector<std::pair<int, std::string>> extensions{
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, subject.hosts.empty() ? "clientAuth" : "serverAuth"},
      {NID_subject_key_identifier, "hash"},
      {NID_authority_key_identifier, "keyid:always"}};
  if (!subject.hosts.empty()) {
    extensions.emplace_back(NID_subject_alt_name, alternative_names(subject.hosts));
  }
  maker.extend(issuer.get(), extensions);
  maker.sign(issuer.get(), key.get());
  return maker.finish();
}

}  // namespace cli
