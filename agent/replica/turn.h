#pragma once

#include <optional>
#include <vector>

#include "agent/replica/outputs.h"
#include "agent/replica/parked.h"
#include "crdt/base/time.h"

namespace agent {

// What one turn of the replica collects. It lives as long as the turn. If a failed turn leaves
// something behind, the comment of the field says so.
struct Turn {
  base::Now now;
  bool watched = false;
  bool synced = false;  // this commit and all earlier ones are on the medium
  base::Status check;   // result of reading our rows, if a divergence was reported
  std::optional<crdt::HybridTime> time;
  std::optional<crdt::Dot> first_dot;
  std::vector<Parked::Name> taken;  // were parked; if the turn fails they are forgotten
  std::uint64_t conflicts = 0;      // see apply_change()
  Outputs out;
  std::optional<base::ActorId> echo;  // our actor that the turn has left; stays left if it fails
  bool changed = false;               // cells changed although the vector did not
  bool twin = false;
  bool gives_up = false;  // the state must be set aside, whether the turn fails or not
};

}  // namespace agent
