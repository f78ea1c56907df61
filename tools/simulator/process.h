#pragma once

// A running agent on a host: the same Node and Replica that the daemon runs, on virtual time, with
// the same Pump choosing the next step. Clients and the node get the results of a turn only after
// the turn has taken its time on the disk. A paused process handles nothing until it continues.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "agent/repair_watch.h"
#include "agent/replica/pump.h"
#include "agent/replica/replica.h"
#include "gossip/node.h"
#include "gossip/wire/message.h"
#include "tools/simulator/host.h"
#include "tools/simulator/network.h"
#include "tools/simulator/settings.h"

namespace simulation {

class Process;

// What a process does that others check or record.
class Observer {
 public:
  virtual ~Observer() = default;
  // A turn has ended in the replica; nobody has been told of it yet. `before`: the vector at its
  // start. `writes_first`: its own writes were applied before what was received, else after it.
  struct Turn {
    const crdt::VersionVector& before;
    const std::vector<agent::Write>& writes;
    const agent::Outputs& outputs;
    bool writes_first;
  };
  virtual void turned(Process& process, const Turn& turn) = 0;
  // The power went off inside the turn, so its outcome is unknown. It had at most one write.
  virtual void interrupted(Process& process, const Turn& turn) = 0;
  // A scrub or a flush has ended: it may have found something.
  virtual void looked(Process& process, const agent::Outputs& outputs) = 0;
  // Clients and the node are about to be told of it.
  virtual void told(Process& process, const agent::Outputs& outputs) = 0;
  // What this process tells a peer about its state: claims (rule 3).
  struct Claim {
    std::vector<crdt::Dependency> entries;   // entries of a vector or of a snapshot
    std::optional<crdt::StateHash> current;  // the state hash that it sends
  };
  virtual void claimed(Process& process, const Claim& claim) = 0;
  virtual void acted(Process& process, const gossip::Action& action) = 0;
  // The power is off, or the replica asks to be opened again.
  virtual void stopped(Process& process, bool reopen) = 0;
};

class Process : public Network::Endpoint {
 public:
  // Opens the database of `host`; null, with `error`, when it cannot be opened.
  static std::unique_ptr<Process> start(Host& host, const Settings& settings, Schedule& schedule,
                                        Network& network, Observer& observer, base::Random random,
                                        const std::vector<gossip::Address>& seeds,
                                        base::Error& error);
  ~Process() override;

  // False: too many inputs wait; the client gets "busy".
  bool submit(agent::Write write);
  void pause(base::Duration time);
  void wake();  // continues at once
  void leave();
  void rejoin();
  // A clean stop: finishes the inputs that wait and brings everything to the medium.
  void stop_cleanly();

  base::Instant next_deadline() const;
  void advance();

  Host& host() { return host_; }
  std::size_t host_index() const { return host_.index; }
  const agent::Replica& replica() const { return *replica_; }
  agent::Replica& replica() { return *replica_; }
  const gossip::Node& node_machine() const { return *node_; }
  bool paused() const { return schedule_.now() < paused_until_; }
  bool idle() const { return waiting() == 0 && !working_ && !replica_->unsynced(); }
  std::size_t waiting() const { return pump_.waiting() + held_back_.size(); }
  // How often it woke with work to catch up, and the number of turns that took 100 ms or more on
  // the disk.
  std::uint64_t late_wakes() const { return late_wakes_; }
  std::uint64_t slow_turns() const { return slow_turns_; }
  base::Now now() const;

  base::NodeId node() const override { return id_; }
  void datagram(const gossip::Address& from, base::Bytes bytes) override;
  void frame(const base::NodeId& from, base::Bytes message) override;
  void session_closed(const base::NodeId& peer, bool opened) override;

 private:
  Process(Host& host, const Settings& settings, Schedule& schedule, Network& network,
          Observer& observer, base::Random random);
  base::Status open(const std::vector<gossip::Address>& seeds);

  void wake_at_end();
  // Runs `what` if the process is alive, when it is not paused.
  void when_awake(std::function<void()> what);
  void later(base::Duration wait, std::function<void()> what);
  template <typename Call>
  void drive(Call call);
  void perform(gossip::Actions& actions);
  void perform(gossip::Action& action);
  void send_frame(gossip::SendFrame& send);
  void note_claim(const gossip::wire::Message& message);
  void fetch(const gossip::Fetch& wanted);

  // Does what the store thread of the daemon does, on virtual time.
  void enqueue(agent::Input input);
  void go_on();
  void work(agent::Pump::Step step);
  agent::Pump::Condition condition() const;
  void turn();
  bool recover();
  void scrub();
  void flush();
  void finish(base::Duration cost, agent::Outputs outputs);
  void deliver(agent::Outputs outputs);

  Host& host_;
  Settings settings_;
  Schedule& schedule_;
  Network& network_;
  Observer& observer_;
  base::Random random_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  base::NodeId id_;
  std::unique_ptr<agent::Replica> replica_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<gossip::Node> node_;
  base::Instant paused_until_{0};
  std::deque<std::function<void()>> asleep_;
  agent::Pump pump_;
  bool working_ = false;    // a step is taking its time
  std::uint64_t naps_ = 0;  // a later wait cancels the wake-up of an earlier one
  // Where a turn may be cut short, it has one write, so that we know which write is in doubt.
  bool single_writes_;
  std::deque<agent::Write> held_back_;
  agent::RepairWatch repair_watch_;
  std::uint64_t late_wakes_ = 0;
  std::uint64_t slow_turns_ = 0;
};

}  // namespace simulation
