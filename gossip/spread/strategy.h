#pragma once

// How our own changes reach the others the moment they are committed. A strategy picks the targets
// and cuts the changes into batches; Node seals and sends. Whatever is lost on the way is the
// business of reconciliation.

#include <memory>
#include <vector>

#include "crdt/change.h"
#include "gossip/options.h"
#include "gossip/outbox.h"

namespace gossip {

// One Push message, encoded once for all its targets.
struct PushBatch {
  base::Bytes message;
  std::size_t changes = 0;
  bool fits_datagram = false;  // else it goes over a session
};

struct PushPlan {
  std::vector<PushBatch> batches;
  std::vector<Target> targets;  // each gets every batch
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  // `alive`: every other living member. Called with at least one change.
  virtual PushPlan originate(const std::vector<crdt::SealedChange>& own,
                             std::vector<Target> alive) = 0;
};

// `datagram_room`: bytes of one encoded message in a datagram. Null for a topology that this
// version does not have.
std::unique_ptr<Strategy> make_strategy(Topology topology, std::size_t datagram_room);

}  // namespace gossip
