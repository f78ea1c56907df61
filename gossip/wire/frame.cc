#include "gossip/wire/frame.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "gossip/wire/session_seal.h"
#include "gossip/wire/sodium_bytes.h"

namespace gossip::wire {
namespace {

constexpr std::size_t kFrameHeaderBytes = 4;
constexpr std::uint32_t kLastOfMessage = 0x8000'0000;

// The key belongs to one direction of one session. So the place in the stream suffices as nonce.
std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES> nonce_at(
    std::uint64_t counter) {
  std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[out.size() - 1 - i] = static_cast<unsigned char>(counter >> (8 * i));
  }
  return out;
}

}  // namespace

base::Bytes FrameSealer::seal(base::BytesView message) {
  // An empty message is one empty frame.
  std::size_t frames =
      std::max<std::size_t>(1, (message.size() + kFramePlainMax - 1) / kFramePlainMax);
  base::Bytes out(message.size() + frames * (kFrameHeaderBytes + kTagBytes), '\0');
  std::size_t at = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    auto plain = message.substr(i * kFramePlainMax, kFramePlainMax);
    auto header = static_cast<std::uint32_t>(plain.size());
    if (i + 1 == frames) header |= kLastOfMessage;
    base::Bytes encoded;
    base::append_be32(encoded, header);
    std::memcpy(out.data() + at, encoded.data(), kFrameHeaderBytes);
    auto nonce = nonce_at(counter_++);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        data(out) + at + kFrameHeaderBytes, nullptr, data(plain), plain.size(), data(out) + at,
        kFrameHeaderBytes, nullptr, nonce.data(), key_.data());
    at += kFrameHeaderBytes + plain.size() + kTagBytes;
  }
  return out;
}

FrameOpener::Progress FrameOpener::receive(base::BytesView& input,
                                           std::vector<base::Bytes>& messages) {
  while (input.size() >= kFrameHeaderBytes) {
    auto header = base::read_be32(input.data());
    bool last = (header & kLastOfMessage) != 0;
    std::size_t size = header & ~kLastOfMessage;
    // An empty frame that does not end a message is refused: it would be work without progress.
    if (size > kFramePlainMax || (size == 0 && !last)) return Progress::kTooLarge;
    if (size > message_bytes_max_ - message_.size()) return Progress::kTooLarge;
    if (input.size() < kFrameHeaderBytes + size + kTagBytes) return Progress::kWaiting;
    auto sealed = input.substr(kFrameHeaderBytes, size + kTagBytes);
    std::size_t before = message_.size();
    message_.resize(before + size);
    auto nonce = nonce_at(counter_++);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            data(message_) + before, nullptr, nullptr, data(sealed), sealed.size(), data(input),
            kFrameHeaderBytes, nonce.data(), key_.data()) != 0) {
      return Progress::kUnsealed;
    }
    input.remove_prefix(kFrameHeaderBytes + size + kTagBytes);
    if (last) messages.push_back(std::exchange(message_, {}));
  }
  return Progress::kWaiting;
}

}  // namespace gossip::wire
