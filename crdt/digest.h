#pragma once

// A homomorphic 128-bit digest: the sum modulo 2^128 of a hash of every element. Adding and taking
// away are exact, so it is maintained incrementally and does not depend on order. Not meant to
// withstand a member that forges elements; members hold the mesh key. Equal version vectors must
// mean equal digests, across versions of the program (rule 8): the hashed bytes are a format,
// written down in docs/protocol.md.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "crdt/base/bytes.h"
#include "crdt/base/hash.h"
#include "crdt/version_vector.h"

namespace crdt {

struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  void add(const Digest& other);
  void subtract(const Digest& other);
  bool is_zero() const { return high == 0 && low == 0; }
  auto operator<=>(const Digest&) const = default;
  std::string hex() const;    // 32 digits
  base::Bytes bytes() const;  // 16 bytes, big-endian
  static Digest of(base::BytesView element);
  static std::optional<Digest> from(base::BytesView sixteen);
};

// The contribution of one vector entry to the hash of a vector: sums over all actors, open or
// closed (rule 2), so closing an actor changes no comparison.
Digest vector_element(const ActorId& actor, const Head& head);
Digest vector_digest(const VersionVector& vector);

// What two agents compare on every ping and ack: eight bytes of the vector and eight of the cells.
// Equal vectors with unequal cells are the alarm of rule 8.
struct StateHash {
  std::uint64_t vector = 0;
  std::uint64_t cells = 0;
  auto operator<=>(const StateHash&) const = default;
};
StateHash state_hash(const Digest& vector, const Digest& cells);

}  // namespace crdt
