#pragma once

// A change is one local transaction. It is sealed once, immutable, and passed on without
// modification. Its effects name everything that they do, also removes (rule 5). Their envelope is
// understood by every version (rule 12): a version that does not know a kind still removes the
// killed dots and keeps the new dot with its body.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/anchor.h"
#include "crdt/base/bytes.h"
#include "crdt/base/result.h"
#include "crdt/dot.h"
#include "crdt/dot_run.h"
#include "crdt/hybrid_time.h"
#include "crdt/slot.h"
#include "crdt/version_vector.h"

namespace crdt {

enum class EffectKind : std::uint8_t { kPut = 1, kRemove = 2, kCount = 3, kInsert = 4, kErase = 5 };

struct Effect {
  EffectKind kind = EffectKind::kPut;  // may have a number that this version does not know
  // kSubtree with kills only: the kills name dots in every slot at this path or below it, of every
  // type. Dots of the same runs at other paths stay.
  Slot slot = {};
  DotRuns kills = {};  // live dots that the author saw and removes or replaces; are_ordered()
  Stamp stamp = {};    // of the new cell; unused when there is no body
  // If present, the effect adds a cell with its dot. For kPut it is the JSON text, then optionally
  // a NUL and the client's tag; an empty text means `absent`. For kInsert it is the text, one dot
  // for each code point. kRemove and kErase never have a body: they only kill.
  std::optional<base::Bytes> body = {};
  std::optional<Anchor> anchor = {};  // of kInsert, of no other kind
  bool operator==(const Effect&) const = default;

  // How many dots the effect has: for kInsert the code points of its text, else one.
  std::uint32_t span() const;
};

struct Dependency {
  ActorId actor;
  Head head;
  bool operator==(const Dependency&) const = default;
};

// Which request of a client a change did. An agent that has applied the change knows a retry of the
// request, and answers it again instead of doing it again.
using RequestHash = base::Id16<struct RequestTag>;
struct RequestMark {
  RequestHash key;      // of the name that the client gave to the request
  RequestHash content;  // of the request: another one under the same name is an error
  base::Bytes done;     // what was answered, in the words of the agent (agent/replica/answered.h)
  bool operator==(const RequestMark&) const = default;
};
inline constexpr std::size_t kRequestDoneMax = 2'048;  // bytes

struct Change {
  ActorId actor;
  std::uint64_t seq = 0;
  HeadHash prev = 0;  // hash of the same actor's change seq-1; 0 at seq 1
  HybridTime time;    // the author's own clock
  // The vector entries that changed since the previous change that this replica sealed, under any
  // actor.
  std::vector<Dependency> deps;
  std::optional<NodeId> node;  // the node of this actor; only in the actor's first change
  std::vector<Effect> effects;
  std::optional<RequestMark> request = {};
  bool operator==(const Change&) const = default;

  // The dot of the first effect that adds something; of the first effect if none does.
  Dot main_dot() const;
};

// Visits the effects in order with the first dot of each: its index is the sum of the spans before
// it. Stops at the first error.
template <typename Visit>
base::Status each_effect(const Change& change, const Visit& visit) {
  Dot dot{change.actor, change.seq, 0};
  for (const Effect& effect : change.effects) {
    RETURN_IF_ERROR(visit(effect, dot));
    dot.index += effect.span();
  }
  return {};
}

// The encoded change and the parts of it that the gate needs. `bytes` are exactly the sealed bytes.
struct SealedChange {
  base::Bytes bytes;
  HeadHash hash = 0;
  ActorId actor;
  std::uint64_t seq = 0;
};

// These limits are checked before anything is allocated. A change beyond them cannot be sealed or
// decoded.
inline constexpr std::size_t kChangeBytesMax = 24u << 20;
inline constexpr std::size_t kChangeEffectsMax = 65'536;
inline constexpr std::size_t kChangeDepsMax = 65'536;
inline constexpr std::size_t kEffectKillsMax = 65'536;  // runs
// Path components that an effect shares with the effect before it take no bytes when sealed, but
// memory when opened. This bounds the sum over all effects of the sizes of their components, each
// with kComponentCharge on top.
inline constexpr std::size_t kChangeSlotBytesMax = 32u << 20;
inline constexpr std::size_t kComponentCharge = 32;

HeadHash head_hash(base::BytesView sealed);

// Encodes and hashes. kTooLarge when a limit is exceeded; kInvalid for what open_change() refuses:
// a seq or dependency of 0, a remove with a body, kills that are not ordered, an insert without
// text.
base::Result<SealedChange> seal(const Change& change);

// A change decoded from a peer's bytes. If `envelope_known` is false (rule 12), only actor and seq
// are read, `change` has nothing else, and the vector must stop before this change.
struct Opened {
  SealedChange sealed;
  bool envelope_known = true;
  Change change;
};
base::Result<Opened> open_change(base::BytesView bytes);

}  // namespace crdt
