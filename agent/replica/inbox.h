#pragma once

// Takes the changes that peers send. It applies them in causal order (rule 4), parks those that
// came too early, and holds those whose envelope this version cannot read (rule 12).

#include <set>
#include <vector>

#include "agent/replica/context.h"
#include "agent/replica/echo.h"
#include "agent/replica/parked.h"
#include "agent/replica/turn.h"

namespace agent {

class Inbox {
 public:
  Inbox(Context& context, Echo& echo)
      : context_(context), echo_(echo), parked_(context.options.parked) {}

  base::Status take(Turn& turn, Received& received);
  // Applies one change that fits, and merges its time into the clock.
  base::Status apply_remote(Turn& turn, const crdt::Opened& opened);
  // Applies the parked changes that waited for one of the actors in `moved`, then those that waited
  // for these, and so on.
  base::Status look_again(Turn& turn, std::set<base::ActorId> moved);
  // The same after many actors moved at once: by a state join, or because our state equals that of
  // a peer.
  base::Status after_merge(Turn& turn);
  base::Status hold(Turn& turn, const crdt::SealedChange& sealed);
  // Drops all parked changes and returns their names.
  std::vector<Parked::Name> forget_parked() { return parked_.clear(); }

 private:
  base::Status take_in(Turn& turn, crdt::Opened&& opened);
  static void drop(Turn& turn, const crdt::SealedChange& sealed, Notice::Kind why);
  static void forget_all(Turn& turn, const Received& received);

  Context& context_;
  Echo& echo_;
  Parked parked_;
};

}  // namespace agent
