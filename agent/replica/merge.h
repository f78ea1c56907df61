#pragma once

// The merge of a state join (rule 6): two walks in one order, ours and the staged one, slot by slot
// in constant memory. Judged by our vector as it is now: our cells that the other side has not seen
// stay, those it has seen and no longer holds go, its cells that we have not seen come. In unite
// mode (rule 8) nothing goes, and what we lack comes back unless a log entry at hand kills it.
// Vectors and floors are the caller's, in the same transaction.

#include <set>
#include <vector>

#include "agent/replica/join.h"
#include "agent/replica/requests.h"
#include "store/store.h"

namespace agent {

// For watchers: one event an entry whose shown value moved.
struct MergeEvents {
  std::int64_t position = 0;
  crdt::HybridTime time;  // of the join
  std::size_t most = 0;
  std::size_t bytes_most = 0;  // of ids and values
  std::vector<Event> events;
  std::size_t bytes = 0;
  bool cut = false;  // there were more: these are not all
};

struct Merged {
  std::uint64_t added = 0;
  std::uint64_t dropped = 0;
};

// `events` null: nobody watches. kCorrupt when a row of ours or of what was staged cannot be read.
base::Result<Merged> merge_join(store::Store& store, const Join& join, const JoinLimits& limits,
                                MergeEvents* events);

}  // namespace agent
