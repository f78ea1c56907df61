#pragma once

// What all parts of a replica share: the store, the clock, the random numbers and the options. The
// store and the clock are replaced when the database is opened again after a fault. So a part keeps
// a reference to the Context and no reference to the store.

#include <memory>
#include <string>
#include <utility>

#include "agent/replica/options.h"
#include "crdt/base/random.h"
#include "crdt/hybrid_time.h"
#include "store/store.h"

namespace agent {

struct Context {
  Context(std::string file, const ReplicaOptions& replica_options, base::Random chance)
      : path(std::move(file)), options(replica_options), random(std::move(chance)) {}

  store::Meta& meta() const { return store->meta(); }
  store::Actors& actors() const { return store->actors(); }
  // Of the newest change in the log.
  std::uint64_t position() const { return static_cast<std::uint64_t>(meta().next_position - 1); }
  crdt::StateHash state() const {
    return crdt::state_hash(actors().vector_digest(), meta().digest);
  }

  std::string path;
  ReplicaOptions options;
  base::Random random;
  std::unique_ptr<store::Store> store;
  crdt::HybridClock clock{{}, {}};
  crdt::StateHash committed;  // the state of the last commit
};

}  // namespace agent
