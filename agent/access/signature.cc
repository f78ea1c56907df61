#include "agent/access/signature.h"

#include <array>

#include "crdt/base/bytes.h"

namespace auth {
namespace {

using Mac = std::array<unsigned char, crypto_auth_hmacsha256_BYTES>;

const unsigned char* data(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

template <std::size_t N>
std::string hex(const std::array<unsigned char, N>& bytes) {
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Signature::Signature(std::string_view key, const SignedHead& head, std::string_view shown)
    : nonce_(head.nonce), shown_(shown) {
  crypto_auth_hmacsha256_init(&mac_, data(key), key.size());
  for (std::string_view part : {head.method, head.path, head.query}) {
    crypto_auth_hmacsha256_update(&mac_, data(part), part.size());
    crypto_auth_hmacsha256_update(&mac_, data("\n"), 1);
  }
  crypto_hash_sha256_init(&body_);
}

void Signature::add(std::string_view piece) {
  crypto_hash_sha256_update(&body_, data(piece), piece.size());
}

bool Signature::finish() {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&body_, digest.data());
  std::string rest = hex(digest) + "\n" + nonce_;
  crypto_auth_hmacsha256_update(&mac_, data(std::string_view(rest)), rest.size());
  Mac mac{};
  crypto_auth_hmacsha256_final(&mac_, mac.data());
  auto shown = base::from_hex(shown_);
  if (!shown || shown->size() != mac.size()) return false;
  return sodium_memcmp(shown->data(), mac.data(), mac.size()) == 0;
}

}  // namespace auth
