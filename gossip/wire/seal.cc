#include "gossip/wire/seal.h"

#include <algorithm>
#include <cstring>

#include "crdt/base/check.h"
#include "crdt/base/hash.h"
#include "gossip/wire/sodium_bytes.h"

namespace gossip::wire {
namespace {

// The first byte: version 1, with the lowest bit for "addressed to one node".
constexpr unsigned char kForAnyone = 0x48;
constexpr unsigned char kAddressed = 0x49;

constexpr std::size_t kKeyIdAt = 1;
constexpr std::size_t kNonceAt = kKeyIdAt + 4;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kHeaderBytes = kNonceAt + kNonceBytes;
static_assert(kHeaderBytes + kTagBytes == kSealOverhead);

// Version and key id, mesh id, destination.
using Associated = std::array<unsigned char, kNonceAt + 16 + NodeId::kSize>;

Associated associated(base::BytesView datagram, const MeshKey& key, const NodeId& destination) {
  Associated out{};
  std::memcpy(out.data(), datagram.data(), kNonceAt);
  std::memcpy(out.data() + kNonceAt, key.mesh_id.data(), key.mesh_id.size());
  std::memcpy(out.data() + kNonceAt + key.mesh_id.size(), destination.bytes.data(), NodeId::kSize);
  return out;
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::uint64_t start_number(const StartId& start) {
  return base::read_be64(reinterpret_cast<const char*>(start.data()));
}

MeshKey MeshKey::from_secret(const std::array<unsigned char, 32>& secret) {
  base::BytesView bytes(reinterpret_cast<const char*>(secret.data()), secret.size());
  auto id = base::hash256("hearsay mesh 1: key id", bytes);
  auto mesh = base::hash256("hearsay mesh 1: mesh id", bytes);
  MeshKey key;
  key.secret = secret;
  key.key_id = base::read_be32(reinterpret_cast<const char*>(id.data()));
  std::copy_n(mesh.begin(), key.mesh_id.size(), key.mesh_id.begin());
  return key;
}

std::uint64_t MeshKey::mark() const {
  base::BytesView bytes(reinterpret_cast<const char*>(secret.data()), secret.size());
  const auto hash = base::hash256("hearsay mesh 1: state file", bytes);
  return base::read_be64(reinterpret_cast<const char*>(hash.data()));
}

base::Result<MeshKey> MeshKey::parse(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  auto raw = base::from_hex(text);
  std::array<unsigned char, 32> secret{};
  // The error must not show the text: it may be a key with a typing error.
  if (!raw || raw->size() != secret.size()) {
    return base::invalid("mesh key: expected 64 hexadecimal digits, got " +
                         std::to_string(text.size()) + " characters");
  }
  std::memcpy(secret.data(), raw->data(), secret.size());
  return from_secret(secret);
}

MeshKey MeshKey::generate(base::Random& random) {
  std::array<unsigned char, 32> secret{};
  base::Bytes fresh = random.bytes(secret.size());
  std::memcpy(secret.data(), fresh.data(), secret.size());
  return from_secret(secret);
}

std::string MeshKey::text() const {
  return base::to_hex({reinterpret_cast<const char*>(secret.data()), secret.size()});
}

DatagramSeal::DatagramSeal(const MeshKey& key, const NodeId& self, const StartId& start)
    : key_(key),
      datagram_key_(
          base::hash256("hearsay mesh 1: datagrams",
                        {reinterpret_cast<const char*>(key.secret.data()), key.secret.size()})),
      self_(self),
      start_(start) {
  CHECK(sodium_init() >= 0);
}

base::Bytes DatagramSeal::seal(base::BytesView plaintext, const NodeId* to) {
  base::Bytes out;
  out.reserve(plaintext.size() + kSealOverhead);
  out.push_back(static_cast<char>(to ? kAddressed : kForAnyone));
  base::append_be32(out, key_.key_id);
  out.append(reinterpret_cast<const char*>(start_.data()), start_.size());
  out.append(self_.view().substr(0, 8));
  base::append_be64(out, ++counter_);
  auto bound = associated(out, key_, to ? *to : NodeId{});
  out.resize(plaintext.size() + kSealOverhead);
  crypto_aead_xchacha20poly1305_ietf_encrypt(data(out) + kHeaderBytes, nullptr, data(plaintext),
                                             plaintext.size(), bound.data(), bound.size(), nullptr,
                                             data(out) + kNonceAt, datagram_key_.data());
  return out;
}

std::optional<DatagramSeal::Opened> DatagramSeal::open(base::BytesView datagram,
                                                       Refusal& refusal) const {
  auto refuse = [&refusal](Refusal why) {
    refusal = why;
    return std::nullopt;
  };
  if (datagram.size() < kSealOverhead) return refuse(Refusal::kMalformed);
  auto first = static_cast<unsigned char>(datagram[0]);
  if (first != kForAnyone && first != kAddressed) return refuse(Refusal::kVersion);
  if (base::read_be32(datagram.data() + kKeyIdAt) != key_.key_id) return refuse(Refusal::kKey);
  const char* nonce = datagram.data() + kNonceAt;
  bool own_start = std::memcmp(nonce, start_.data(), start_.size()) == 0;
  bool own_sender = std::memcmp(nonce + start_.size(), self_.bytes.data(), 8) == 0;
  if (own_start && own_sender) return refuse(Refusal::kOwn);

  Opened opened;
  opened.addressed = first == kAddressed;
  auto bound = associated(datagram, key_, opened.addressed ? self_ : NodeId{});
  auto sealed = datagram.substr(kHeaderBytes);
  auto decrypt = [&](unsigned char* out) {
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               out, nullptr, nullptr, data(sealed), sealed.size(), bound.data(), bound.size(),
               reinterpret_cast<const unsigned char*>(nonce), datagram_key_.data()) == 0;
  };
  // Without an output only the tag is checked. So nothing is allocated for a forged datagram (rule
  // 12).
  if (!decrypt(nullptr)) return refuse(Refusal::kAuthentication);
  opened.plaintext.resize(sealed.size() - kTagBytes);
  CHECK(decrypt(data(opened.plaintext)));
  std::memcpy(opened.start.data(), nonce, opened.start.size());
  std::memcpy(opened.sender.data(), nonce + opened.start.size(), opened.sender.size());
  opened.counter = base::read_be64(nonce + opened.start.size() + opened.sender.size());
  return opened;
}

}  // namespace gossip::wire
