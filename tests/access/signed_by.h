#pragma once

// How a client signs a request. It uses libsodium alone and none of the code that the agent uses.

#include <sodium.h>

#include <string>
#include <string_view>

#include "agent/access/signature.h"

namespace auth {

inline std::string hex_of(const std::string& bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                 bytes.size());
  text.pop_back();
  return text;
}

inline std::string signed_by(const std::string& key, const SignedHead& head,
                             const std::string& body) {
  auto bytes = [](const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()), bytes(body), body.size());
  std::string text;
  for (std::string_view part : {head.method, head.path, head.query})
    text += std::string(part) + "\n";
  text += hex_of(digest) + "\n" + std::string(head.nonce);
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes(text), text.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(mac.data()));
  return hex_of(mac);
}

}  // namespace auth
