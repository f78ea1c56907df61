#pragma once

// How our own changes reach other members as soon as they are committed. A strategy picks the
// targets and cuts the changes into batches; Node seals and sends them. Reconciliation repairs what
// is lost on the way.

#include <memory>
#include <vector>

#include "crdt/base/random.h"
#include "crdt/change.h"
#include "gossip/options.h"
#include "gossip/outbox.h"
#include "gossip/spread/batches.h"
#include "gossip/spread/recipients.h"

namespace gossip {

struct PushPlan {
  std::vector<PushBatch> batches;
  std::vector<Target> targets;  // each target gets every batch
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  // Called with at least one change.
  virtual PushPlan originate(const std::vector<crdt::SealedChange>& own,
                             const Recipients& members) = 0;
  // True if a push goes to some members only, and these must be alive for it to reach the others.
  virtual bool relies_on_relays() const = 0;
};

// The strategy of options.topology. `datagram_room`: the bytes that one encoded message may have in
// a datagram. Null for a topology that this version does not have.
std::unique_ptr<Strategy> make_strategy(const NodeId& self, const Options& options,
                                        std::size_t datagram_room, base::Random random);

}  // namespace gossip
