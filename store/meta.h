#pragma once

// The single-row facts of a database: its identity, its clock, its digest. Loaded once, written by
// Store::commit when changed.

#include <cstdint>
#include <optional>

#include "crdt/base/strong.h"
#include "crdt/digest.h"
#include "crdt/hybrid_time.h"

namespace store {

// The steps of a repair before a database takes writes again, after peers hold another content
// under one of our numbers (rule 2) or its rows are damaged (rule 8).
struct Repair {
  enum class Stage : std::uint8_t {
    kNone = 0,
    kFork = 1,       // at the next open: set aside; the tail of `actor` is sealed again later
    kDamage = 2,     // at the next open: set aside
    kFetching = 3,   // a new database beside the one set aside; peers send the state
    kReplaying = 4,  // the state is complete; held changes are applied
    kSuspect = 5,    // at the next open: set aside unless all rows are sound
  } stage = Stage::kNone;
  base::ActorId actor;       // only for kFork
  std::uint64_t common = 0;  // for kFork: a number up to which we and our peers hold the same
  // True if nothing may be written or sent until the next open has dealt with it.
  bool sets_aside() const {
    return stage == Stage::kFork || stage == Stage::kDamage || stage == Stage::kSuspect;
  }
  bool operator==(const Repair&) const = default;
};

// How texts are folded, as a client has set it. Absent: as the configuration of the agent says.
struct Compaction {
  bool automatic = true;    // texts that wait are folded without a request
  std::uint32_t every = 0;  // changes; takes the place of Options::fold_changes; at least 1
  bool operator==(const Compaction&) const = default;
};

struct Meta {
  base::NodeId node_id;            // zero in a new database
  base::Bytes signing_seed;        // 32 bytes, Ed25519; empty in a new database
  std::uint64_t boot_epoch = 0;    // raised and committed before the first datagram of a start
  base::Bytes host_fingerprint;    // of the host and data path that this database last ran on
  base::ActorId own_actor;         // of the last run that wrote; the next start no longer uses it
  crdt::HybridTime clock;          // rule 9: persisted with every commit
  crdt::Digest digest;             // over all objects
  std::int64_t next_position = 1;  // in the change log; never goes back (cursors)
  // Above every position that was ever given (agent/replica/positions.h); 0: never set.
  std::int64_t reserved_position = 0;
  // Changes that the log no longer has (pruned, or merged by a state join) are at or below this
  // position.
  std::int64_t lost_position = 0;
  Repair repair;
  std::optional<Compaction> compaction;
  std::int64_t heard = 0;  // wall time in ns when data of a peer came last, about; 0: never
  bool operator==(const Meta&) const = default;
};

}  // namespace store
