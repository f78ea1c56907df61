#pragma once

// Sealed changes that wait on the medium, in the order in which they came: for an upgrade (rule
// 12), or for the state that is fetched after a database was set aside (rules 2 and 8).

#include <cstdint>
#include <vector>

#include "crdt/change.h"
#include "store/database.h"

namespace store {

enum class HeldKind : std::uint8_t {
  kUnknown = 1,  // an envelope of a later version: the vector stops before it
  kOldLog = 2,   // from the log that was set aside; applied later like received changes
  kTail = 3,     // own changes that no peer can take as they are; sealed again later
};

inline constexpr std::int64_t kHeldUnknownMax = 1'024;  // above that: not kept
// The bytes of all changes of this kind together.
inline constexpr std::int64_t kHeldUnknownBytesMax = 16 << 20;
// The bytes that are read at a time. The other kinds are bounded by the log that they come from.
inline constexpr std::size_t kHeldReadBytes = 4u << 20;

struct HeldChange {
  std::int64_t index = 0;
  HeldKind kind = HeldKind::kUnknown;
  base::Bytes bytes;  // of the sealed change
};

class HeldTable {
 public:
  explicit HeldTable(Database& database);

  // Inside a transaction. False when the bounds of kUnknown are reached. A change that is kept
  // already is not kept twice.
  base::Result<bool> keep_unknown(const crdt::SealedChange& change);
  base::Status keep(HeldKind kind, const base::ActorId& actor, std::uint64_t seq,
                    base::BytesView change);
  base::Status erase(std::int64_t index);

  // Rows with index > after, in order: at least one if there is any, then up to the limits. A row
  // whose checksum fails is skipped, so that it does not block the others; the scrub names it.
  base::Result<std::vector<HeldChange>> rows(HeldKind kind, std::int64_t after, std::size_t limit);
  base::Result<std::int64_t> count(HeldKind kind);

 private:
  Query insert_;
  Query next_;
  Query room_;
  Query rows_;
  Query count_;
  Query erase_;
};

}  // namespace store
