#pragma once

// What one state join did (rule 6), for the log, /v1/status, /metrics and the answer of an import.
// Plain values.

#include <cstdint>
#include <optional>
#include <string>

#include "crdt/base/strong.h"
#include "crdt/base/time.h"

namespace agent {

struct JoinCounts {
  // Objects, each type under a name for itself.
  std::uint64_t objects_new = 0;      // held nothing here before
  std::uint64_t objects_changed = 0;  // held something before and after
  std::uint64_t objects_removed = 0;  // hold nothing any more
  // Each element of a text counts as a cell.
  std::uint64_t cells_added = 0;
  std::uint64_t cells_removed = 0;
  std::uint64_t texts_changed = 0;
  // Changes of this node that the other side did not have. They stay here, and are sent to peers.
  std::uint64_t own_kept = 0;
};

// True if the join changed something on this side.
inline bool changed_something(const JoinCounts& counts) {
  return counts.cells_added + counts.cells_removed + counts.texts_changed > 0;
}

struct JoinReport {
  enum class Outcome : std::uint8_t {
    kMerged,
    kNothingNew,  // this side knew all that the other side has
    kRefused,     // a notice says why
    kStopped      // the peer no longer answers, the disk failed, or another join took its place
  } outcome = Outcome::kStopped;
  std::string why;                   // of kStopped, if it is known: a sentence for the log
  std::optional<base::NodeId> peer;  // absent: a file
  JoinCounts counts;                 // of kMerged
  std::optional<base::Duration>
      away;                  // the silence before this join, where it is known (absence.h)
  bool whole_again = false;  // the differences did not fit the index: objects were fetched whole
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;  // of these pages, as they came
  base::Duration took;
};

}  // namespace agent
