#include "tools/cli/crypto_library.h"

#include <dlfcn.h>

#include <string>

namespace cli {
namespace {

constexpr const char* kCryptoFile = "libcrypto.so.3";

// Finds functions by name. The first one that is missing is kept.
class Finder {
 public:
  explicit Finder(void* library) : library_(library) {}
  template <typename Function>
  void operator()(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (function == nullptr && missing_.empty()) missing_ = name;
  }
  const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_;
};

void find_all(Finder& find, CryptoLibrary& crypto) {
  find("ERR_get_error", crypto.err_get_error);
  find("ERR_error_string_n", crypto.err_error_string_n);
  find("EVP_PKEY_Q_keygen", crypto.evp_pkey_q_keygen);
  find("EVP_PKEY_free", crypto.evp_pkey_free);
  find("EVP_sha256", crypto.evp_sha256);
  find("X509_new", crypto.x509_new);
  find("X509_free", crypto.x509_free);
  find("X509_set_version", crypto.x509_set_version);
  find("X509_get_serialNumber", crypto.x509_get_serial_number);
  find("BN_bin2bn", crypto.bn_bin2bn);
  find("BN_free", crypto.bn_free);
  find("BN_to_ASN1_INTEGER", crypto.bn_to_asn1_integer);
  find("ASN1_TIME_set", crypto.asn1_time_set);
  find("X509_getm_notBefore", crypto.x509_getm_not_before);
  find("X509_getm_notAfter", crypto.x509_getm_not_after);
  find("X509_get_subject_name", crypto.x509_get_subject_name);
  find("X509_set_issuer_name", crypto.x509_set_issuer_name);
  find("X509_NAME_add_entry_by_txt", crypto.x509_name_add_entry_by_txt);
  find("X509_set_pubkey", crypto.x509_set_pubkey);
  find("X509V3_set_ctx", crypto.x509v3_set_ctx);
  find("X509V3_EXT_conf_nid", crypto.x509v3_ext_conf_nid);
  find("X509_add_ext", crypto.x509_add_ext);
  find("X509_EXTENSION_free", crypto.x509_extension_free);
  find("X509_sign", crypto.x509_sign);
  find("X509_check_ca", crypto.x509_check_ca);
  find("X509_check_private_key", crypto.x509_check_private_key);
  find("BIO_new", crypto.bio_new);
  find("BIO_s_mem", crypto.bio_s_mem);
  find("BIO_new_mem_buf", crypto.bio_new_mem_buf);
  find("BIO_read", crypto.bio_read);
  find("BIO_free", crypto.bio_free);
  find("PEM_write_bio_X509", crypto.pem_write_bio_x509);
  find("PEM_write_bio_PKCS8PrivateKey", crypto.pem_write_bio_private_key);
  find("PEM_read_bio_X509", crypto.pem_read_bio_x509);
  find("PEM_read_bio_PrivateKey", crypto.pem_read_bio_private_key);
}

base::Error not_usable(const std::string& why) {
  return {base::Code::kInternal,
          std::string(kCryptoFile) + ": " + why + "; on Debian install libssl3"};
}

base::Result<CryptoLibrary> load_crypto() {
  void* library = dlopen(kCryptoFile, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return not_usable(dlerror());
  CryptoLibrary crypto;
  Finder find(library);
  find_all(find, crypto);
  if (!find.missing().empty()) return not_usable("it has no function " + find.missing());
  return crypto;
}

}  // namespace

base::Result<const CryptoLibrary*> crypto_library() {
  static const base::Result<CryptoLibrary> library = load_crypto();
  if (!library.ok()) return library.error();
  return &*library;
}

}  // namespace cli
