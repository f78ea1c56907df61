#pragma once

// The single-row facts of a database: who it is, its clock, its digest. Loaded once, written by
// Store::commit when changed.

#include <cstdint>
#include <optional>

#include "crdt/base/strong.h"
#include "crdt/digest.h"
#include "crdt/hybrid_time.h"

namespace store {

// What a database goes through before it takes writes again, when peers hold other contents under
// a number of ours (rule 2) or its rows are damaged (rule 8).
struct Repair {
  enum class Stage : std::uint8_t {
    kNone = 0,
    kFork = 1,       // at the next open: set aside, the tail of `actor` is sealed again later
    kDamage = 2,     // at the next open: set aside
    kFetching = 3,   // new beside the one set aside: the state comes from peers
    kReplaying = 4,  // the state is here; what is held is applied
    kSuspect = 5,    // at the next open: set aside unless every row proves sound
  } stage = Stage::kNone;
  base::ActorId actor;       // of kFork
  std::uint64_t common = 0;  // of kFork: the last number that we and our peers hold alike, or less
  // Nothing is written or told until the next open has looked after it.
  bool sets_aside() const {
    return stage == Stage::kFork || stage == Stage::kDamage || stage == Stage::kSuspect;
  }
  bool operator==(const Repair&) const = default;
};

struct Meta {
  base::NodeId node_id;            // zero in a new database
  base::Bytes signing_seed;        // 32 bytes, Ed25519; empty in a new database
  std::uint64_t boot_epoch = 0;    // raised and committed before the first datagram of a start
  base::Bytes host_fingerprint;    // of the host and data path this database last ran on
  base::ActorId own_actor;         // of the last run that wrote; left behind by the next start
  crdt::HybridTime clock;          // rule 9: persisted with every commit
  crdt::Digest digest;             // over all objects
  std::int64_t next_position = 1;  // of the change log; never goes back (cursors)
  // What the log cannot tell any more lies at or below it: pruned changes, merged state joins.
  std::int64_t lost_position = 0;
  Repair repair;
  bool operator==(const Meta&) const = default;
};

}  // namespace store
