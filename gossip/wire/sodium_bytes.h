#pragma once

// Byte strings in the form that libsodium takes, for the files that seal.

#include <sodium.h>

#include "crdt/base/bytes.h"

namespace gossip::wire {

inline constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

inline const unsigned char* data(base::BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* data(base::Bytes& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace gossip::wire
