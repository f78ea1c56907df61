#include "crdt/base/random.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "crdt/base/check.h"

namespace base {

Random::Random(const Seed& seed) : seed_(seed) {}

Random Random::from_number(std::uint64_t seed) {
  Seed bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(seed >> (8 * i));
  return Random(bytes);
}

std::uint64_t Random::next() {
  if (used_ + 8 > buffer_.size()) refill();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{buffer_[used_ + i]} << (8 * i);
  used_ += 8;
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound > 0);
  // Draws under 2^64 mod bound are discarded, so every remainder has the same chance.
  std::uint64_t skip = (0 - bound) % bound;
  for (;;) {
    std::uint64_t draw = next();
    if (draw >= skip) return draw % bound;
  }
}

bool Random::chance(std::uint32_t one_in) { return below(one_in) == 0; }

Bytes Random::bytes(std::size_t count) {
  Bytes out(count, '\0');
  for (std::size_t i = 0; i < count; i += 8) {
    std::uint64_t draw = next();
    std::memcpy(out.data() + i, &draw, std::min<std::size_t>(8, count - i));
  }
  return out;
}

Random Random::fork() {
  Seed seed{};
  Bytes fresh = bytes(seed.size());
  std::memcpy(seed.data(), fresh.data(), seed.size());
  return Random(seed);
}

void Random::refill() {
  std::array<unsigned char, crypto_stream_chacha20_NONCEBYTES> nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[i] = static_cast<unsigned char>(block_ >> (8 * i));
  ++block_;
  crypto_stream_chacha20(buffer_.data(), buffer_.size(), nonce.data(), seed_.data());
  used_ = 0;
}

}  // namespace base
