#pragma once

// A homomorphic 128-bit digest: the sum modulo 2^128 of a hash of every element. Adding and
// removing are exact, so it is updated incrementally and does not depend on order. It does not
// protect against a member that forges elements; members have the mesh key. Equal version vectors
// must mean equal digests, also between versions of the program (rule 8). So the hashed bytes are a
// format, described in docs/protocol.md.

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

// The part of one vector entry in the hash of a vector. The hash is the sum over all actors, open
// or closed (rule 2), so closing an actor changes no comparison.
Digest vector_element(const ActorId& actor, const Head& head);
Digest vector_digest(const VersionVector& vector);

// What two agents compare on every ping and ack: eight bytes for the vector and eight for the
// cells. Equal vectors with unequal cells raise the alarm of rule 8.
struct StateHash {
  std::uint64_t vector = 0;
  std::uint64_t cells = 0;
  auto operator<=>(const StateHash&) const = default;
};
StateHash state_hash(const Digest& vector, const Digest& cells);

}  // namespace crdt
