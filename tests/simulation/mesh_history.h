#pragma once

// A random history of a few replicas. Requests of the workload go to any of them, and their clocks
// are wrong. Sealed changes travel in causal order, with gaps and delays. Some replicas stop and
// come back under another actor. The oracle gets every request; after every turn the state checker
// compares.

#include <memory>
#include <string>
#include <vector>

#include "tests/replica/replica_fixture.h"
#include "tools/simulator/disk.h"
#include "tools/simulator/oracle.h"
#include "tools/simulator/state_checker.h"
#include "tools/simulator/workload.h"

namespace simulation {

class MeshHistory {
 public:
  // `objects_percent`: of the requests, as in Workload.
  explicit MeshHistory(std::uint64_t seed, std::uint64_t objects_percent = 0);
  ~MeshHistory();

  // Runs until `requests` have been made or something is wrong; then `difference` says what.
  void go(std::size_t requests);
  // Gives all changes to all replicas, and checks all of them completely.
  void settle();

  const std::string& difference() const { return difference_; }
  const Oracle& oracle() const { return oracle_; }

  // What happened. Shows whether the history was worth running.
  struct Counts {
    std::size_t requests = 0;
    std::size_t idle = 0;
    std::size_t refused = 0;          // requests that were wrong
    std::size_t refused_early = 0;    // changes that came before what they depend on
    std::size_t conflicts = 0;        // in catalogs
    std::size_t typed_conflicts = 0;  // in other objects, at the end
    std::size_t restarts = 0;
    std::size_t lost_suffixes = 0;  // restarts that lost received changes
    std::size_t folded = 0;         // texts
    std::size_t closed_for_room = 0;
    Counts& operator+=(const Counts& other);
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Host {
    std::unique_ptr<Disk> disk;
    std::unique_ptr<agent::Replica> replica;
    std::int64_t skew_seconds = 0;
  };

  base::Now now_at(const Host& host);
  std::int64_t wall_nanos(const Host& host) const;
  void step_clock(Host& host);
  void write(Host& host);
  void deliver(Host& host, std::uint32_t leave_out_one_in);
  void open(Host& host);
  void restart(Host& host);
  void count_texts(Host& host);
  agent::Outputs turn(Host& host, std::vector<agent::Input> inputs);
  void tell(const Host& host, const std::vector<agent::WriteRequest>& requests,
            const agent::Outputs& outputs);
  bool is_right(const Host& host, const base::Result<agent::Written>& reply,
                const agent::WriteRequest& request, const crdt::VersionVector& past) const;
  void look(Host& host, const crdt::VersionVector& before);
  void fail(const std::string& what);

  base::Random random_;
  Workload workload_;
  Oracle oracle_;
  StateChecker checker_{oracle_};
  std::vector<Host> hosts_;
  std::vector<crdt::SealedChange> sent_;  // in the order in which they were made
  std::int64_t seconds_ = 0;
  std::uint64_t seed_;
  std::string difference_;
  Counts counts_;
};

}  // namespace simulation
