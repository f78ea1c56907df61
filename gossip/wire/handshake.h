#pragma once

// The key exchange that opens a session (SIGMA-I with the mesh secret as pre-shared key): three
// length-prefixed messages, bytes in, bytes out. Guarantees that both sides know the mesh secret,
// that the session keys are fresh, and that the peer signed its identity together with this
// exchange. The layout is in docs/protocol.md.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crdt/base/hash.h"
#include "gossip/wire/first_messages.h"
#include "gossip/wire/session_seal.h"

namespace gossip::wire {

inline constexpr std::size_t kHandshakeBodyMax = 1024;  // without the two bytes of length

// One key for each direction.
struct SessionKeys {
  base::Hash256 send{};
  base::Hash256 receive{};
};

// The sealed identity of one side: [[node, signing key, …] as bytes, signature, …].
struct SignedIdentity {
  NodeId node;
  std::array<unsigned char, 32> public_key{};
  base::BytesView signed_bytes;  // points into the decoded buffer
  base::BytesView signature;
};
std::optional<SignedIdentity> decode_identity(base::BytesView plaintext);

class Handshake {
 public:
  using Role = SessionSeal::Role;
  enum class Progress { kWaiting, kDone, kFailed };

  // `firsts`: for a responder, refuses first messages that come again. It must outlive this and may
  // be null.
  Handshake(Role role, const MeshKey& key, const SessionSeal::Identity& self, base::Random random,
            FirstMessages* firsts = nullptr);
  ~Handshake();
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  base::Bytes start();  // the initiator's first message; empty for the responder
  // Takes whole messages off the front of `input`; answers go to `out`.
  Progress receive(base::BytesView& input, base::Bytes& out);

  // For a responder: a first message was taken. So the opener has the mesh key, or it replays a
  // first message of somebody who had it.
  bool begun() const { return awaiting_ != Awaiting::kFirst; }
  SessionKeys keys() const;  // valid after kDone, like the next two
  const NodeId& peer() const { return peer_; }
  const std::array<unsigned char, 32>& peer_signing_key() const { return peer_key_; }
  std::string_view failure() const { return failure_; }  // when kFailed

 private:
  enum class Awaiting { kFirst, kSecond, kThird, kNothing };

  bool take(base::BytesView body, base::Bytes& out);
  bool take_first(base::BytesView body, base::Bytes& out);
  bool take_second(base::BytesView body, base::Bytes& out);
  bool take_third(base::BytesView body);
  void make_ephemeral();
  bool agree(base::BytesView peer_ephemeral);
  base::Bytes sealed_identity(Role role) const;
  bool open_identity(Role role, base::BytesView sealed);
  bool fail(std::string_view why);

  Role role_;
  MeshKey key_;
  SessionSeal::Identity self_;
  FirstMessages* firsts_;
  Awaiting awaiting_;
  std::array<unsigned char, 32> ephemeral_secret_{};
  std::array<unsigned char, 32> ephemeral_{};
  base::Hash256 transcript_{};  // a hash of everything that both sides have seen so far
  base::Hash256 agreed_{};      // derived from the mesh secret, the shared point and the transcript
  NodeId peer_;
  std::array<unsigned char, 32> peer_key_{};
  std::string_view failure_;
};

}  // namespace gossip::wire
