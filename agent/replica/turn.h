#pragma once

#include <optional>
#include <vector>

#include "agent/replica/outputs.h"
#include "agent/replica/parked.h"
#include "crdt/base/time.h"

namespace agent {

// What one turn of the replica collects. It ends with the turn; what a failed turn leaves behind is
// said at each field.
struct Turn {
  base::Now now;
  bool watched = false;
  bool synced = false;  // the commit and all before it are on the medium
  base::Status check;   // result of reading our rows, if a divergence was reported
  std::optional<crdt::HybridTime> time;
  std::optional<crdt::Dot> first_dot;
  std::vector<Parked::Name> taken;  // no longer parked: forgotten if the turn fails
  Outputs out;
  std::optional<base::ActorId> echo;  // our actor that was left: stays left if the turn fails
  bool changed = false;               // cells changed although the vector did not
  bool twin = false;
};

}  // namespace agent
