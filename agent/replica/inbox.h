#pragma once

// Changes that peers send: the gate of causal order (rule 4), those that wait for others, and those
// of an envelope that this version cannot read (rule 12).

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
  // Applies one change that fits: its time goes into the clock.
  base::Status apply_remote(Turn& turn, const crdt::Opened& opened);
  // Applies the changes that waited for one of the actors that moved, and what waited for these.
  base::Status look_again(Turn& turn, std::set<base::ActorId> moved);
  // Many actors moved at once, by a state join or because our state equals that of a peer.
  base::Status after_merge(Turn& turn);
  base::Status hold(Turn& turn, const crdt::SealedChange& sealed);
  // The names of all that waited; none waits any longer.
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
