#pragma once

// Does the writes of our own clients: it plans them, seals them under the actor of this run, and
// applies them.

#include <optional>
#include <vector>

#include "agent/replica/context.h"
#include "agent/replica/identity.h"
#include "agent/replica/repair.h"
#include "agent/replica/turn.h"
#include "agent/replica/unconfirmed.h"

namespace agent {

class OwnWrites {
 public:
  OwnWrites(Context& context, Identity& identity, Unconfirmed& unconfirmed, Repair& repair)
      : context_(context), identity_(identity), unconfirmed_(unconfirmed), repair_(repair) {}

  // Does what the client asks and answers it. If the request is wrong, the client gets the error. A
  // fault of the store makes the whole turn fail.
  base::Status write(Turn& turn, const Write& write);
  // Seals the next change of our own actor, with these effects and the mark of this request.
  base::Result<crdt::Opened> seal_next(Turn& turn, std::vector<crdt::Effect> effects,
                                       std::optional<crdt::RequestMark> request);
  base::Status apply(Turn& turn, crdt::Opened&& opened);
  // The first dot of the change that is sealed next. Makes the actor if there is none.
  crdt::Dot next_dot(Turn& turn);

 private:
  base::Status check_brought(base::Now now, const WriteRequest& request) const;
  // The answer to a request that has been done; nullopt: it has no name or is not known.
  base::Result<std::optional<base::Result<Written>>> answered(const WriteRequest& request);
  base::Status remember(const WriteRequest& request, const Written& written);
  base::Result<Written> plan_and_apply(Turn& turn, const WriteRequest& request);
  crdt::HybridTime time_of_plan(Turn& turn);

  Context& context_;
  Identity& identity_;
  Unconfirmed& unconfirmed_;
  Repair& repair_;
};

// The error that a client gets when its write met a fault. A damaged row is repaired without the
// client, so it is told that it may send the write again.
base::Error told_to_client(const base::Error& error);

}  // namespace agent
