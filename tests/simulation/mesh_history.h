#pragma once

// A random history of a few replicas: the workload writes at any of them, clocks are bad, sealed
// changes travel in a causal order with gaps and delays, some replicas stop and come back as
// another actor. The oracle hears of every request; after every turn the state checker looks.

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
  explicit MeshHistory(std::uint64_t seed);
  ~MeshHistory();

  // Until `requests` have been made or something is wrong: then `difference` says what.
  void go(std::size_t requests);
  // Everybody hears of everything, and all are looked at in full.
  void settle();

  const std::string& difference() const { return difference_; }
  const Oracle& oracle() const { return oracle_; }

  // What happened, to see that the history was worth it.
  struct Counts {
    std::size_t requests = 0;
    std::size_t idle = 0;
    std::size_t refused_early = 0;  // changes that came before what they depend on
    std::size_t conflicts = 0;
    std::size_t restarts = 0;
    std::size_t lost_suffixes = 0;  // restarts that forgot what had been received
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
  void step_clock(Host& host);
  void write(Host& host);
  void deliver(Host& host, std::uint32_t leave_out_one_in);
  void open(Host& host);
  void restart(Host& host);
  agent::Outputs turn(Host& host, std::vector<agent::Input> inputs);
  void tell(const Host& host, const std::vector<agent::WriteRequest>& requests,
            const agent::Outputs& outputs);
  void look(Host& host, const crdt::VersionVector& before);
  void fail(const std::string& what);

  base::Random random_;
  Workload workload_;
  Oracle oracle_;
  StateChecker checker_{oracle_};
  std::vector<Host> hosts_;
  std::vector<crdt::SealedChange> sent_;  // in the order made
  std::int64_t seconds_ = 0;
  std::uint64_t seed_;
  std::string difference_;
  Counts counts_;
};

}  // namespace simulation
