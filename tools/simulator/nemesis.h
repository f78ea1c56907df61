#pragma once

// Makes the faults of a run: it draws faults and their times from the seed, carries them out, and
// takes them back. At least one of the first hosts keeps its medium, so a failed check is a bug and
// not bad luck.

#include <map>
#include <vector>

#include "tools/simulator/cluster.h"

namespace simulation {

class Nemesis {
 public:
  Nemesis(const Settings& settings, Cluster& cluster, Report& report, base::Random random)
      : settings_(settings), cluster_(cluster), report_(report), random_(random) {}

  void plan();  // schedules faults and requests for the chaos
  void end();   // takes back every fault that can be; hosts that can return do

 private:
  void strike(Fault fault);
  void strike_process(Fault fault, std::size_t host);
  void strike_disk(Fault fault, std::size_t host);
  void strike_network(Fault fault);
  void strike_clock(Fault fault, std::size_t host);
  void restart_later(std::size_t host);
  void cut_power(std::size_t host, int tries);
  void partition();
  void clone(std::size_t host);
  void restore(std::size_t host);
  void rot(std::size_t host);
  void lose_cell();
  void mend_disk(std::size_t host);
  std::size_t any_host();
  base::Duration between(base::Duration least, base::Duration most);
  void later(base::Duration wait, std::function<void()> what);

  const Settings& settings_;
  Cluster& cluster_;
  Report& report_;
  base::Random random_;
  bool ended_ = false;
  std::size_t clones_ = 0;
  std::size_t deaths_ = 0;
  std::map<std::size_t, Cluster::Backup> backups_;
};

}  // namespace simulation
