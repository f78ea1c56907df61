#pragma once

// Two session seals: A opens, Z answers. Also the bytes between them.

#include <gtest/gtest.h>

#include <algorithm>

#include "gossip/wire/session_seal.h"

namespace gossip::wire {

inline MeshKey session_key(std::uint64_t seed) {
  auto random = base::Random::from_number(seed);
  return MeshKey::generate(random);
}

inline SessionSeal::Identity identity(char letter) {
  SessionSeal::Identity out;
  out.node.bytes.fill(static_cast<unsigned char>(letter));
  out.signing = SigningKey::from_seed(base::Bytes(32, letter));
  return out;
}

inline constexpr std::size_t kTestMessageMax = 1u << 20;

inline SessionSeal initiator(std::uint64_t chance, const MeshKey& key = session_key(1),
                             std::size_t message_max = kTestMessageMax) {
  return SessionSeal(SessionSeal::Role::kInitiator, key, identity('A'), message_max,
                     base::Random::from_number(chance));
}

inline SessionSeal responder(std::uint64_t chance, const MeshKey& key = session_key(1),
                             std::size_t message_max = kTestMessageMax) {
  return SessionSeal(SessionSeal::Role::kResponder, key, identity('Z'), message_max,
                     base::Random::from_number(chance));
}

// The result of one call of receive().
struct Received {
  bool good = false;
  std::vector<base::Bytes> messages;
  base::Bytes out;
};

inline Received feed(SessionSeal& seal, base::BytesView bytes) {
  Received received;
  received.good = seal.receive(bytes, received.messages, received.out);
  return received;
}

// An established pair, and the handshake messages that established it.
struct Pair {
  explicit Pair(std::uint64_t chance = 1, std::size_t message_max = kTestMessageMax)
      : a(initiator(chance, session_key(1), message_max)),
        z(responder(chance + 1'000, session_key(1), message_max)) {
    first = a.start();
    second = feed(z, first).out;
    third = feed(a, second).out;
    feed(z, third);
  }

  SessionSeal a;
  SessionSeal z;
  base::Bytes first;
  base::Bytes second;
  base::Bytes third;
};

}  // namespace gossip::wire
