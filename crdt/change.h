#pragma once

// A change is one local transaction, sealed once, immutable, passed on verbatim. Its effects name
// everything they do, removes included (rule 5), in an envelope that every version understands
// (rule 12): whoever does not know a kind still kills the dots and keeps the new one with its body.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/bytes.h"
#include "crdt/base/result.h"
#include "crdt/dot.h"
#include "crdt/hybrid_time.h"
#include "crdt/slot.h"
#include "crdt/version_vector.h"

namespace crdt {

enum class EffectKind : std::uint8_t { kPut = 1, kRemove = 2, kCount = 3, kInsert = 4, kErase = 5 };

struct Effect {
  EffectKind kind = EffectKind::kPut;  // may hold a number this version does not know
  Slot slot;
  std::vector<Dot> kills;  // live dots of this slot that the author saw and replaces
  Stamp stamp;             // of the new cell; unused when there is no body
  // Present: the effect leaves a cell under its dot. For kPut the JSON text, then optionally a NUL
  // and the client's tag; empty means `absent`. kRemove never has one: it only kills.
  std::optional<base::Bytes> body;
  bool operator==(const Effect&) const = default;
};

struct Dependency {
  ActorId actor;
  Head head;
  bool operator==(const Dependency&) const = default;
};

struct Change {
  ActorId actor;
  std::uint64_t seq = 0;
  HeadHash prev = 0;  // of the same actor's change seq-1; 0 at seq 1
  HybridTime time;    // the author's own clock
  // Vector entries that moved since the previous change sealed by this replica, under whatever
  // actor.
  std::vector<Dependency> deps;
  std::optional<NodeId> node;  // who writes under this actor; in the first change of an actor only
  std::vector<Effect> effects;
  bool operator==(const Change&) const = default;

  Dot dot_of(std::size_t effect) const { return {actor, seq, static_cast<std::uint32_t>(effect)}; }
};

// The encoded change and what gating needs of it. `bytes` is what was sealed, to the byte.
struct SealedChange {
  base::Bytes bytes;
  HeadHash hash = 0;
  ActorId actor;
  std::uint64_t seq = 0;
};

// Limits checked before anything is allocated; a change beyond them cannot be sealed or decoded.
inline constexpr std::size_t kChangeBytesMax = 24u << 20;
inline constexpr std::size_t kChangeEffectsMax = 65'536;
inline constexpr std::size_t kChangeDepsMax = 65'536;
inline constexpr std::size_t kEffectKillsMax = 65'536;
// Components shared with the effect before cost no bytes when sealed, but memory when opened: the
// sum over all effects of the components' sizes, each counted with kComponentCharge on top.
inline constexpr std::size_t kChangeSlotBytesMax = 32u << 20;
inline constexpr std::size_t kComponentCharge = 32;

HeadHash head_hash(base::BytesView sealed);

// Encodes and hashes; kTooLarge when a limit is passed, kInvalid for a seq or dependency of 0 and
// for a remove with a body.
base::Result<SealedChange> seal(const Change& change);

// What a decoder makes of bytes from a peer. `envelope_known` false (rule 12): only actor and seq
// are read (`change` is empty but for them), the vector must stop before this change.
struct Opened {
  SealedChange sealed;
  bool envelope_known = true;
  Change change;
};
base::Result<Opened> open_change(base::BytesView bytes);

}  // namespace crdt
