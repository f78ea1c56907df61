#pragma once

// A version vector with heads: for every actor the number of its applied changes, and eight bytes
// of the hash of the last one. The hash shows when two changes have one number (rule 2). Entries
// are ordered by actor, so iteration is the same on every agent.

#include <cstdint>
#include <map>
#include <optional>

#include "crdt/dot.h"

namespace crdt {

// The first eight bytes of the hash of a sealed change, read as a big-endian number. 0: none.
using HeadHash = std::uint64_t;

struct Head {
  std::uint64_t seq = 0;
  HeadHash hash = 0;
  auto operator<=>(const Head&) const = default;
};

class VersionVector {
 public:
  using Entries = std::map<ActorId, Head>;

  std::uint64_t seq_of(const ActorId& actor) const;
  Head head_of(const ActorId& actor) const;  // {0, 0} when unknown
  bool covers(const ActorId& actor, std::uint64_t seq) const { return seq_of(actor) >= seq; }
  bool covers(const VersionVector& other) const;  // every entry of `other` is at or below ours
  void set(const ActorId& actor, Head head);      // seq 0 removes the entry
  // The entries of `newer` that are above ours.
  Entries ahead_in(const VersionVector& newer) const;
  // How many changes `newer` has that we lack.
  std::uint64_t lag_behind(const VersionVector& newer) const;

  const Entries& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  bool operator==(const VersionVector&) const = default;

 private:
  Entries entries_;
};

}  // namespace crdt
