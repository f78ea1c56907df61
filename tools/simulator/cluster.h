#pragma once

// The hosts of a run and the agents on them. It starts, ends, copies and restores agents, carries
// the requests of clients, and moves virtual time. It decides nothing: Nemesis decides what
// happens, Checker judges it.

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "tools/simulator/checker.h"
#include "tools/simulator/workload.h"

namespace simulation {

class Cluster : public Observer {
 public:
  Cluster(const Settings& settings, Trace& trace, Report& report);
  ~Cluster() override;

  // --- agents
  void start(std::size_t host);
  void kill(std::size_t host);
  void power_cut(std::size_t host, PowerCut how);
  void stop_cleanly(std::size_t host);
  // Makes a new host with a copy of all that `host` has stored, on other hardware, and starts it.
  void clone(std::size_t host);
  // The same, but only the addresses of the two machines differ. The new one is not started.
  std::size_t clone_image(std::size_t host);
  // A copy of the files. A flipped bit comes back with the copy that has it.
  struct Backup {
    Disk::Files files;
    bool rotten = false;
  };
  Backup back_up(std::size_t host) const;
  // Restores an older copy of the files. The agent must be down.
  void restore(std::size_t host, const Backup& backup);
  // Removes one live cell of a host that is down, with its part of the digest. False: it has none.
  bool lose_cell(std::size_t host);
  // The medium was damaged: what only it held can no longer be promised.
  void tampered(std::size_t host);
  void request(std::size_t host);  // a request of a client
  void request(std::size_t host, agent::WriteRequest request);
  void die(std::size_t host);  // never returns

  // --- time
  void run(base::Duration time);
  bool run_until(const std::function<bool()>& holds, base::Duration at_most);

  // --- looking
  std::size_t size() const { return hosts_.size(); }
  Host& host(std::size_t index) { return *hosts_[index]; }
  Process* process(std::size_t index) { return processes_[index].get(); }
  std::vector<Process*> running();
  bool converged();           // all running agents are idle and have equal vectors
  bool acquainted();          // all running agents hold each other for alive
  bool any_rotten() const;    // a flipped bit is still on a medium
  bool any_rebuilding();      // a state is being fetched again, writes wait
  std::string strangers();    // which agent does not hold which other one for alive
  std::string differences();  // the differences between the agents, in words
  // What no crash may lose: the promises of the media that still exist.
  crdt::VersionVector owed() const;

  Schedule& schedule() { return schedule_; }
  Network& network() { return network_; }
  Checker& checker() { return checker_; }
  base::Random& random() { return random_; }
  void note(std::size_t host, const std::string& text) { trace_.add(schedule_.now(), host, text); }
  void forbid_payload() { quiet_ = true; }
  void finish();  // adds the counters of the running agents

  // --- Observer
  void turned(Process& process, const Turn& turn) override;
  void interrupted(Process& process, const Turn& turn) override;
  void looked(Process& process, const agent::Outputs& outputs) override;
  void told(Process& process, const agent::Outputs& outputs) override;
  void claimed(Process& process, const Claim& claim) override;
  void acted(Process& process, const gossip::Action& action) override;
  void stopped(Process& process, bool reopen) override;

 private:
  void add_host();
  void end(std::size_t host);  // ends the process; the caller has changed the medium
  void count_stats(Process& process);
  void note_notices(Process& process, const agent::Outputs& outputs);
  std::vector<gossip::Address> seeds_for(std::size_t host);
  base::Instant next_time();
  void step();
  void mix(std::uint64_t value);
  void give_name(agent::WriteRequest& request);
  void note_frame(const Process& process, const gossip::SendFrame& send);

  const Settings settings_;
  Trace& trace_;
  Report& report_;
  Schedule schedule_;
  base::Random random_;
  Network network_;
  Oracle oracle_;
  Checker checker_;
  Workload workload_;
  // Clients that give their requests names and send some of them again. Its numbers are its own.
  base::Random retries_;
  std::deque<agent::WriteObject> named_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<Process>> processes_;
  // For each host: what it held when it ended, and by which fault.
  struct Before {
    crdt::VersionVector vector;
    base::NodeId node;
    std::optional<Fault> by;
  };
  std::vector<Before> before_;
  std::uint64_t tickets_ = 0;
  bool quiet_ = false;
};

}  // namespace simulation
