#pragma once

// Sealed sessions without their sockets. First an authenticated key exchange: ephemeral X25519
// keys, the mesh key as pre-shared secret, and Ed25519 identities that sign the transcript (the
// SIGMA-I pattern, Krawczyk 2003). Then length-prefixed XChaCha20-Poly1305 frames with counters.
// Pure: bytes in, bytes out. A first message without the MAC of the mesh key ends the session
// before any public-key work and without an answer. The layout is in docs/protocol.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/bytes.h"
#include "crdt/base/random.h"
#include "gossip/wire/seal.h"

namespace gossip::wire {

class FirstMessages;

// An agent's Ed25519 key pair, from the 32-byte seed in its database.
struct SigningKey {
  std::array<unsigned char, 32> public_key{};
  std::array<unsigned char, 64> secret_key{};
  static SigningKey from_seed(base::BytesView seed);
};

inline constexpr std::size_t kFramePlainMax = 64 * 1024;  // larger messages span several frames

class SessionSeal {
 public:
  enum class Role { kInitiator, kResponder };
  struct Identity {
    NodeId node;
    SigningKey signing;
  };
  // `firsts`: for a responder, see first_messages.h. It must outlive this and may be null.
  SessionSeal(Role role, const MeshKey& key, const Identity& self, std::size_t message_bytes_max,
              base::Random random, FirstMessages* firsts = nullptr);

  // The bytes to send first; empty for the responder.
  base::Bytes start();
  // Takes received bytes, cut in any way. Complete messages are appended to `messages`, bytes to
  // send to `out`. False: the session must be closed (bad peer, or a bound was exceeded), and
  // receive() must not be called again.
  bool receive(base::BytesView bytes, std::vector<base::Bytes>& messages, base::Bytes& out);
  // Seals one whole message; only when established().
  base::Bytes seal(base::BytesView message);

  bool begun() const;  // for a responder: a first message with the mesh key was taken
  bool established() const;
  const NodeId& peer() const;                                     // when established
  const std::array<unsigned char, 32>& peer_signing_key() const;  // when established
  std::string_view failure() const;                               // after receive() returned false

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gossip::wire
