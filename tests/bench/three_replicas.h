#pragma once

// What several agents typed, typed again by three replicas with a database each. A replica that
// needs what others wrote gets their sealed changes in batches of random size and order; some
// batches are lost and come again, some come twice.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/replica/replica.h"
#include "crdt/base/random.h"
#include "tools/bench/types/history.h"
#include "tools/bench/types/step_graph.h"

namespace bench {

class ThreeReplicas {
 public:
  // Agent number i of the history has the replica whose actor is number i in order, as siblings
  // stand in the order of their authors. `folder` is for the databases.
  ThreeReplicas(const History& history, const std::string& folder, std::uint64_t seed);

  // False: it has more than three agents, or one that forgets its own steps.
  bool can_be_typed() const;
  // Types all steps; then everybody gets everything. The value of each replica, as JSON.
  std::vector<std::string> run();
  // Batches so far. Each event must have happened for a history to prove anything.
  std::size_t lost() const { return lost_; }
  std::size_t early() const { return early_; }  // it brought changes before their causes
  bool digests_are_equal() const;

 private:
  struct Site {
    std::unique_ptr<agent::Replica> replica;
    StepGraph::Heads heads;                // what it has
    std::vector<std::uint32_t> unwritten;  // own steps, typed in one turn
  };
  void write(Site& site);
  void hear(Site& site, const StepGraph::Heads& version);
  void deliver(Site& site, std::vector<std::uint32_t> steps);

  const History& history_;
  StepGraph graph_;
  base::Random random_;
  std::vector<Site> sites_;
  std::vector<std::optional<crdt::SealedChange>> sealed_;  // by step; none if it changes nothing
  std::int64_t millis_ = 1;
  std::size_t lost_ = 0;
  std::size_t early_ = 0;
};

}  // namespace bench
