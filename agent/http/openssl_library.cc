#include "agent/http/openssl_library.h"

#include <dlfcn.h>

#include <optional>
#include <string>

namespace http {
namespace {

constexpr const char* kSslFile = "libssl.so.3";
constexpr const char* kCryptoFile = "libcrypto.so.3";

base::Error not_usable(const char* why) {
  return {base::Code::kInternal, std::string("load OpenSSL: ") +
                                     (why != nullptr ? why : "a function is missing") +
                                     "; on Debian install libssl3"};
}

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

base::Result<OpensslLibrary> load() {
  void* crypto = dlopen(kCryptoFile, RTLD_NOW | RTLD_LOCAL);
  if (crypto == nullptr) return not_usable(dlerror());
  void* ssl = dlopen(kSslFile, RTLD_NOW | RTLD_LOCAL);
  if (ssl == nullptr) return not_usable(dlerror());
  OpensslLibrary out;
  bool complete = true;
#define HEARSAY_FIND_SSL(name) complete = complete && find(ssl, #name, out.name);
#define HEARSAY_FIND_CRYPTO(name) complete = complete && find(crypto, #name, out.name);
  HEARSAY_SSL_FUNCTIONS(HEARSAY_FIND_SSL)
  HEARSAY_CRYPTO_FUNCTIONS(HEARSAY_FIND_CRYPTO)
#undef HEARSAY_FIND_SSL
#undef HEARSAY_FIND_CRYPTO
  if (!complete) return not_usable(dlerror());
  return out;
}

}  // namespace

base::Result<const OpensslLibrary*> openssl_library() {
  static std::optional<OpensslLibrary> library;
  if (!library) {
    ASSIGN_OR_RETURN(library, load());
  }
  return &*library;
}

}  // namespace http
