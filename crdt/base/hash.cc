#include "crdt/base/hash.h"

#include <sodium.h>

namespace base {
namespace {

const unsigned char* data(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

Hash256 hash256(BytesView bytes) {
  Hash256 out;
  crypto_generichash(out.data(), out.size(), data(bytes), bytes.size(), nullptr, 0);
  return out;
}

Hash128 hash128(BytesView bytes) {
  Hash128 out;
  crypto_generichash(out.data(), out.size(), data(bytes), bytes.size(), nullptr, 0);
  return out;
}

Hash256 hash256(std::string_view purpose, BytesView bytes) {
  Hash256 key = hash256(purpose);
  Hash256 out;
  crypto_generichash(out.data(), out.size(), data(bytes), bytes.size(), key.data(), key.size());
  return out;
}

std::uint64_t row_checksum(BytesView bytes) {
  static constexpr unsigned char kKey[crypto_shorthash_KEYBYTES] = {
      'h', 'e', 'a', 'r', 's', 'a', 'y', '-', 'r', 'o', 'w', '-', 'v', '1', 0, 0};
  std::array<unsigned char, 8> out{};
  crypto_shorthash(out.data(), data(bytes), bytes.size(), kKey);
  std::uint64_t value = 0;
  for (unsigned char byte : out) value = value << 8 | byte;
  return value;
}

}  // namespace base
