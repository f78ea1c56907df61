#pragma once

// What handlers may ask of their agent; reads, events and timers are those of the feed. All calls
// come from the loop thread and are answered on it. The Daemon implements it; tests use a double.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/feed/source.h"
#include "agent/replica/join_report.h"
#include "agent/replica/requests.h"
#include "crdt/base/result.h"
#include "crdt/base/time.h"
#include "crdt/hybrid_time.h"
#include "gossip/member.h"
#include "store/store.h"

namespace agent {

// Facts about this run. Most of them never change.
struct AgentFacts {
  std::string name;
  std::string version;
  std::string bind;
  std::string http;
  std::string topology;
  std::string profile;
  base::NodeId node_id;
  std::uint64_t mesh = 0;  // the mark of our mesh in state files; it follows from the key alone
  crdt::HybridClock::Options clock;
  CompactionSettings compaction;  // unless a client has set others (store::Meta::compaction)
};

struct Joined {
  bool joined = false;
  std::string cause;   // if not joined: a word for programs (agent/contact.h)
  std::string reason;  // if not joined: a sentence for people
};

// The state join of this run that ended last.
struct LastJoin {
  JoinReport report;
  base::Instant ended;
};

enum class Health { kReady, kSyncing, kDegraded };

class Host : public FeedSource {
 public:
  // Writes one request. `done` is called once, after the commit that has it (rule 1). kBusy: the
  // queue is full and nothing was written.
  virtual void write(WriteRequest request, std::function<void(base::Result<Written>)> done) = 0;
  // Asks the replica for one step of maintenance. `done` is called once, after its commit. kBusy:
  // the queue is full and nothing was done.
  using MaintenanceDone = std::function<void(base::Result<Maintained>)>;
  virtual void maintain(decltype(Maintain::what) what, MaintenanceDone done) = 0;
  virtual const AgentFacts& facts() const = 0;
  virtual Health health() const = 0;
  virtual std::string health_reason() const = 0;  // empty when ready
  // Why this agent is isolated; empty when it is not (agent/isolation.h).
  virtual std::string isolated() const = 0;
  virtual std::string without_peers() const = 0;  // why none is heard; empty: one is heard
  virtual std::optional<LastJoin> last_join() const = 0;
  // The last one that changed something here.
  virtual std::optional<LastJoin> last_merge() const = 0;
  virtual base::Now now() const = 0;
  virtual base::Duration uptime() const = 0;
  virtual std::vector<gossip::MemberView> members() const = 0;
  virtual std::string metrics() const = 0;  // Prometheus text
  // Asks the agent at "HOST:PORT" to let this one join. `done` gets its answer, or after some
  // seconds that none came.
  virtual void join(const std::string& address,
                    std::function<void(const base::Result<Joined>&)> done) = 0;
  virtual void leave() = 0;

  std::string short_node_id() const override { return facts().node_id.short_hex(); }
};

}  // namespace agent
