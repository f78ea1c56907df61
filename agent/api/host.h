#pragma once

// What handlers may ask of the agent that runs them. All calls come from the loop thread and are
// answered on it; the Daemon implements this, tests use a double.

#include <functional>
#include <string>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/base/result.h"
#include "crdt/base/time.h"
#include "crdt/hybrid_time.h"
#include "gossip/member.h"
#include "store/store.h"

namespace agent {

// The unchanging facts of this run, and the few that change.
struct AgentFacts {
  std::string name;
  std::string version;
  std::string bind;
  std::string http;
  std::string topology;
  std::string profile;
  base::NodeId node_id;
  crdt::HybridClock::Options clock;
};

struct Joined {
  bool joined = false;
  std::string cause;   // when not: a word for programs, agent/contact.h has them
  std::string reason;  // and a sentence
};

enum class Health { kReady, kSyncing, kDegraded };

class Host {
 public:
  virtual ~Host() = default;

  // One change. `done` is called once, after the commit that holds it (rule 1); kBusy when the
  // queue is full, and nothing was taken.
  virtual void write(WriteRequest request, std::function<void(base::Result<Written>)> done) = 0;
  // Runs `work` on a reader thread inside one snapshot; what it returns then runs on the loop
  // thread. False: the queue is full, nothing will run.
  using Work = std::function<std::function<void()>(store::Reader&)>;
  virtual bool read(Work work) = 0;

  virtual const AgentFacts& facts() const = 0;
  virtual Health health() const = 0;
  virtual std::string health_reason() const = 0;  // empty when ready
  // Why this agent is cut off from its mesh; empty when it is not (agent/isolation.h).
  virtual std::string isolated() const = 0;
  virtual std::string without_peers() const = 0;  // why no other agent is heard; empty: one is
  virtual base::Now now() const = 0;
  virtual base::Duration uptime() const = 0;
  virtual std::vector<gossip::MemberView> members() const = 0;
  virtual std::string metrics() const = 0;  // Prometheus text
  // Asks the mesh at a "HOST:PORT"; `done` with whether it answered within a few seconds.
  virtual void join(const std::string& address,
                    std::function<void(const base::Result<Joined>&)> done) = 0;
  virtual void leave() = 0;

  // Watching: told every event from now on, in order, on the loop thread; returns a number for
  // unwatch(). `cut`: there were more than these, and the log cannot tell them either. The daemon
  // makes replicas produce events only while somebody watches.
  using Watcher = std::function<void(const std::vector<Event>& events, bool cut)>;
  virtual std::uint64_t watch(Watcher watcher) = 0;
  virtual void unwatch(std::uint64_t watcher) = 0;
  // Calls `tick` after `millis` on the loop thread, once; for keep-alive comments and time-outs.
  virtual void later(std::uint64_t millis, std::function<void()> tick) = 0;
};

}  // namespace agent
