#pragma once

// Replays held changes: after an upgrade (rule 12) and after a database was set aside (rules 2 and
// 8).

#include <cstdint>

#include "agent/replica/context.h"
#include "agent/replica/echo.h"
#include "agent/replica/inbox.h"
#include "agent/replica/own_writes.h"
#include "agent/replica/turn.h"
#include "agent/replica/unconfirmed.h"

namespace agent {

class Replay {
 public:
  Replay(Context& context, Echo& echo, Inbox& inbox, OwnWrites& own_writes,
         Unconfirmed& unconfirmed)
      : context_(context),
        echo_(echo),
        inbox_(inbox),
        own_writes_(own_writes),
        unconfirmed_(unconfirmed) {}

  // Replays one part of the old log. At the end of the log it seals the tail again and ends the
  // repair. Call it in each turn while the repair is in the stage kReplaying.
  base::Status step(Turn& turn);
  // For the start: applies held changes that this version can read or that fit now, before we claim
  // anything to peers.
  base::Status at_open(Turn& turn);

  // For a turn that fails: the index of the last change of the old log that was replayed.
  std::int64_t until() const { return until_; }
  void restore(std::int64_t until) { until_ = until; }

 private:
  base::Status apply_held(Turn& turn, const store::HeldChange& held);
  base::Status seal_tail(Turn& turn);
  base::Status drop_leftovers(Turn& turn);

  Context& context_;
  Echo& echo_;
  Inbox& inbox_;
  OwnWrites& own_writes_;
  Unconfirmed& unconfirmed_;
  std::int64_t until_ = 0;
};

}  // namespace agent
