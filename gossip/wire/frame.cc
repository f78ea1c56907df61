#include "gossip/wire/frame.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gossip/wire/session_seal.h"

namespace gossip::wire {
namespace {

constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::uint32_t kLastOfMessage = 0x8000'0000;

unsigned char* data(base::Bytes& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* data(base::BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// The key belongs to one direction of one session, so the place in the stream is nonce enough.
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
  base::Bytes out(message.size() + frames * (kHeaderBytes + kTagBytes), '\0');
  std::size_t at = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    auto plain = message.substr(i * kFramePlainMax, kFramePlainMax);
    auto header = static_cast<std::uint32_t>(plain.size());
    if (i + 1 == frames) header |= kLastOfMessage;
    base::Bytes encoded;
    base::append_be32(encoded, header);
    std::memcpy(out.data() + at, encoded.data(), kHeaderBytes);
    auto nonce = nonce_at(counter_++);
    crypto_aead_xchacha20poly1305_ietf_encrypt(data(out) + at + kHeaderBytes, nullptr, data(plain),
                                               plain.size(), data(out) + at, kHeaderBytes, nullptr,
                                               nonce.data(), key_.data());
    at += kHeaderBytes + plain.size() + kTagBytes;
  }
  return out;
}

FrameOpener::Progress FrameOpener::receive(base::BytesView& input,
                                           std::vector<base::Bytes>& messages) {
  while (input.size() >= kHeaderBytes) {
    auto header = base::read_be32(input.data());
    bool last = (header & kLastOfMessage) != 0;
    std::size_t size = header & ~kLastOfMessage;
    // An empty frame that does not end a message would be work without progress.
    if (size > kFramePlainMax || (size == 0 && !last)) return Progress::kTooLarge;
    if (size > message_bytes_max_ - message_.size()) return Progress::kTooLarge;
    if (input.size() < kHeaderBytes + size + kTagBytes) return Progress::kWaiting;
    auto sealed = input.substr(kHeaderBytes, size + kTagBytes);
    std::size_t before = message_.size();
    message_.resize(before + size);
    auto nonce = nonce_at(counter_++);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(data(message_) + before, nullptr, nullptr,
                                                   data(sealed), sealed.size(), data(input),
                                                   kHeaderBytes, nonce.data(), key_.data()) != 0) {
      return Progress::kUnsealed;
    }
    input.remove_prefix(kHeaderBytes + size + kTagBytes);
    if (last) messages.push_back(std::exchange(message_, {}));
  }
  return Progress::kWaiting;
}

}  // namespace gossip::wire
