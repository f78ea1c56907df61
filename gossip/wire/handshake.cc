#include "gossip/wire/handshake.h"

#include <algorithm>
#include <cstring>

#include "crdt/base/check.h"
#include "crdt/codec.h"
#include "gossip/wire/sodium_bytes.h"

namespace gossip::wire {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kEphemeralBytes = crypto_scalarmult_BYTES;
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kFirstBodyMin = 1 + 4 + kEphemeralBytes + kMacBytes;
constexpr std::size_t kIdentityBytesMax = 512;

template <std::size_t N>
base::BytesView view(const std::array<unsigned char, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), N};
}

// A hash of the parts. Only the last part may have a variable length.
base::Hash256 derive(std::string_view purpose, std::initializer_list<base::BytesView> parts) {
  base::Bytes joined;
  for (auto part : parts) joined += part;
  auto out = base::hash256("hearsay session 1: " + std::string(purpose), joined);
  sodium_memzero(joined.data(), joined.size());
  return out;
}

base::Bytes with_length(base::BytesView body) {
  base::Bytes out;
  out.push_back(static_cast<char>(body.size() >> 8));
  out.push_back(static_cast<char>(body.size() & 0xFF));
  out += body;
  return out;
}

// Proves knowledge of the mesh secret before any public-key work.
std::array<unsigned char, kMacBytes> first_mac(const MeshKey& key, base::BytesView message) {
  auto mac_key = derive("first message", {view(key.secret)});
  std::array<unsigned char, kMacBytes> out{};
  crypto_generichash(out.data(), out.size(), data(message), message.size(), mac_key.data(),
                     mac_key.size());
  return out;
}

std::string_view label(Handshake::Role role) {
  return role == Handshake::Role::kInitiator ? "initiator" : "responder";
}

base::Hash256 identity_key(Handshake::Role role, const base::Hash256& agreed) {
  return derive(std::string(label(role)) + " identity", {view(agreed)});
}

// What a side signs: the exchange so far and its own identity; different for each role.
base::Hash256 to_sign(Handshake::Role role, const base::Hash256& transcript,
                      base::BytesView identity) {
  return derive(std::string(label(role)) + " signs", {view(transcript), identity});
}

// Every key of a handshake seals one message only, so its nonce can be zero.
constexpr std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES> kZeroNonce{};

}  // namespace

std::optional<SignedIdentity> decode_identity(base::BytesView plaintext) {
  crdt::codec::Limits limits;
  limits.bytes_max = kHandshakeBodyMax;
  limits.items_max = kHandshakeBodyMax;
  auto outer = crdt::codec::Reader::parse(plaintext, limits);
  if (!outer.ok()) return std::nullopt;
  SignedIdentity identity;
  bool complete = outer->array() >= 2;
  identity.signed_bytes = outer->binary(kIdentityBytesMax);
  identity.signature = outer->binary(crypto_sign_BYTES);
  if (!complete || !outer->ok() || identity.signature.size() != crypto_sign_BYTES) {
    return std::nullopt;
  }
  auto inner = crdt::codec::Reader::parse(identity.signed_bytes, limits);
  if (!inner.ok() || inner->array() < 2) return std::nullopt;
  auto node = NodeId::from(inner->binary(NodeId::kSize));
  auto key = inner->binary(crypto_sign_PUBLICKEYBYTES);
  if (!inner->ok() || !node || key.size() != crypto_sign_PUBLICKEYBYTES) return std::nullopt;
  identity.node = *node;
  std::memcpy(identity.public_key.data(), key.data(), key.size());
  return identity;
}

Handshake::Handshake(Role role, const MeshKey& key, const SessionSeal::Identity& self,
                     base::Random random, FirstMessages* firsts)
    : role_(role),
      key_(key),
      self_(self),
      firsts_(firsts),
      awaiting_(role == Role::kInitiator ? Awaiting::kSecond : Awaiting::kFirst) {
  CHECK(sodium_init() >= 0);
  auto secret = random.bytes(ephemeral_secret_.size());
  std::memcpy(ephemeral_secret_.data(), secret.data(), secret.size());
  sodium_memzero(secret.data(), secret.size());
}

Handshake::~Handshake() {
  sodium_memzero(ephemeral_secret_.data(), ephemeral_secret_.size());
  sodium_memzero(agreed_.data(), agreed_.size());
}

base::Bytes Handshake::start() {
  if (role_ != Role::kInitiator) return {};
  make_ephemeral();
  base::Bytes body(1, kVersion);
  base::append_be32(body, key_.key_id);
  body += view(ephemeral_);
  body.append(kMacBytes, '\0');
  auto message = with_length(body);
  message.resize(message.size() - kMacBytes);
  message += view(first_mac(key_, message));
  transcript_ = derive("first", {view(key_.mesh_id), base::BytesView(message).substr(2)});
  return message;
}

Handshake::Progress Handshake::receive(base::BytesView& input, base::Bytes& out) {
  while (awaiting_ != Awaiting::kNothing) {
    if (input.size() < 2) return Progress::kWaiting;
    auto high = static_cast<unsigned char>(input[0]);
    auto low = static_cast<unsigned char>(input[1]);
    auto size = static_cast<std::size_t>(high << 8 | low);
    if (size > kHandshakeBodyMax || size < kTagBytes) {
      fail("a handshake message of a wrong size");
      return Progress::kFailed;
    }
    if (input.size() < 2 + size) return Progress::kWaiting;
    auto body = input.substr(2, size);
    if (!take(body, out)) return Progress::kFailed;
    input.remove_prefix(2 + size);
  }
  return Progress::kDone;
}

bool Handshake::take(base::BytesView body, base::Bytes& out) {
  switch (awaiting_) {
    case Awaiting::kFirst:
      return take_first(body, out);
    case Awaiting::kSecond:
      return take_second(body, out);
    case Awaiting::kThird:
      return take_third(body);
    case Awaiting::kNothing:
      break;
  }
  return false;
}

// length | version | key id | ephemeral | fields of later versions | MAC over all before it
bool Handshake::take_first(base::BytesView body, base::Bytes& out) {
  if (body.size() < kFirstBodyMin) return fail("a first message that is too short");
  if (body[0] != kVersion) return fail("another version of the session protocol");
  if (base::read_be32(body.data() + 1) != key_.key_id) return fail("another mesh key");
  auto message = with_length(body.substr(0, body.size() - kMacBytes));
  // The length on the wire includes the MAC.
  message[0] = static_cast<char>(body.size() >> 8);
  message[1] = static_cast<char>(body.size() & 0xFF);
  auto mac = first_mac(key_, message);
  if (sodium_memcmp(mac.data(), body.data() + body.size() - kMacBytes, kMacBytes) != 0) {
    return fail("a first message that the mesh key did not make");
  }
  if (firsts_ != nullptr && !firsts_->take(body.substr(5, kEphemeralBytes))) {
    return fail("a first message that was replayed");
  }
  make_ephemeral();
  transcript_ = derive("first", {view(key_.mesh_id), body});
  transcript_ = derive("second", {view(transcript_), view(ephemeral_)});
  if (!agree(body.substr(5, kEphemeralBytes))) return false;

  auto sealed = sealed_identity(Role::kResponder);
  transcript_ = derive("third", {view(transcript_), sealed});
  out += with_length(base::Bytes(view(ephemeral_)) + sealed);
  awaiting_ = Awaiting::kThird;
  return true;
}

bool Handshake::take_second(base::BytesView body, base::Bytes& out) {
  if (body.size() < kEphemeralBytes + kTagBytes) return fail("a second message that is too short");
  auto peer_ephemeral = body.substr(0, kEphemeralBytes);
  auto sealed = body.substr(kEphemeralBytes);
  transcript_ = derive("second", {view(transcript_), peer_ephemeral});
  if (!agree(peer_ephemeral)) return false;
  if (!open_identity(Role::kResponder, sealed)) return false;
  transcript_ = derive("third", {view(transcript_), sealed});

  auto own = sealed_identity(Role::kInitiator);
  transcript_ = derive("done", {view(transcript_), own});
  out += with_length(own);
  awaiting_ = Awaiting::kNothing;
  return true;
}

bool Handshake::take_third(base::BytesView body) {
  if (!open_identity(Role::kInitiator, body)) return false;
  transcript_ = derive("done", {view(transcript_), body});
  awaiting_ = Awaiting::kNothing;
  return true;
}

// Not in the constructor: a responder does this work only for an opener that has proven the mesh
// key.
void Handshake::make_ephemeral() {
  CHECK(crypto_scalarmult_base(ephemeral_.data(), ephemeral_secret_.data()) == 0);
}

bool Handshake::agree(base::BytesView peer_ephemeral) {
  std::array<unsigned char, crypto_scalarmult_BYTES> shared{};
  // Refuses points of small order: their result is zero for every secret.
  if (crypto_scalarmult(shared.data(), ephemeral_secret_.data(), data(peer_ephemeral)) != 0) {
    return fail("an ephemeral key of small order");
  }
  agreed_ = derive("secret", {view(key_.secret), view(shared), view(transcript_)});
  sodium_memzero(shared.data(), shared.size());
  return true;
}

base::Bytes Handshake::sealed_identity(Role role) const {
  auto identity = crdt::codec::Writer()
                      .array(2)
                      .binary(self_.node.view())
                      .binary(view(self_.signing.public_key))
                      .take();
  auto digest = to_sign(role, transcript_, identity);
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, digest.data(), digest.size(),
                       self_.signing.secret_key.data());
  auto plaintext = crdt::codec::Writer().array(2).binary(identity).binary(view(signature)).take();
  auto key = identity_key(role, agreed_);
  base::Bytes sealed(plaintext.size() + kTagBytes, '\0');
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      data(sealed), nullptr, data(base::BytesView(plaintext)), plaintext.size(), transcript_.data(),
      transcript_.size(), nullptr, kZeroNonce.data(), key.data());
  return sealed;
}

bool Handshake::open_identity(Role role, base::BytesView sealed) {
  if (sealed.size() < kTagBytes) return fail("a sealed identity that is too short");
  auto key = identity_key(role, agreed_);
  base::Bytes plaintext(sealed.size() - kTagBytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          data(plaintext), nullptr, nullptr, data(sealed), sealed.size(), transcript_.data(),
          transcript_.size(), kZeroNonce.data(), key.data()) != 0) {
    return fail("a sealed identity that does not open");
  }
  auto identity = decode_identity(plaintext);
  if (!identity) return fail("a malformed identity");
  auto digest = to_sign(role, transcript_, identity->signed_bytes);
  if (crypto_sign_verify_detached(data(identity->signature), digest.data(), digest.size(),
                                  identity->public_key.data()) != 0) {
    return fail("an identity with a wrong signature");
  }
  // Reasons: our own address is in a list of peers, our message was sent back to us, or the other
  // agent is a copy of our data directory.
  if (identity->node == self_.node) return fail("a session with ourselves");
  peer_ = identity->node;
  peer_key_ = identity->public_key;
  return true;
}

bool Handshake::fail(std::string_view why) {
  failure_ = why;
  return false;
}

SessionKeys Handshake::keys() const {
  CHECK(awaiting_ == Awaiting::kNothing);
  auto forth = derive("initiator to responder", {view(agreed_), view(transcript_)});
  auto back = derive("responder to initiator", {view(agreed_), view(transcript_)});
  return role_ == Role::kInitiator ? SessionKeys{forth, back} : SessionKeys{back, forth};
}

}  // namespace gossip::wire
