#pragma once

// What an agent says about itself.
// All calls come from the loop thread and are answered on it.

#include <cstdint>
#include <optional>
#include <string>

#include "agent/replica/join_report.h"
#include "agent/replica/requests.h"
#include "crdt/base/time.h"
#include "crdt/hybrid_time.h"

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

// The state join of this run that ended last.
struct LastJoin {
  JoinReport report;
  base::Instant ended;
};

enum class Health { kReady, kSyncing, kDegraded };

// How the changes of others come in, for one object or for all.
struct SyncFigures {
  std::optional<std::int64_t> lag_nanos;        // of the last merge; none since the start: empty
  std::optional<std::int64_t> last_wall_nanos;  // when it was
  std::uint64_t conflicts_last_hour = 0;
  double merges_per_second = 0;  // the mean of the last minute
};

class About {
 public:
  virtual ~About() = default;

  virtual const AgentFacts& facts() const = 0;
  virtual Health health() const = 0;
  virtual std::string health_reason() const = 0;  // empty when ready
  virtual std::optional<LastJoin> last_join() const = 0;
  // The last one that changed something here.
  virtual std::optional<LastJoin> last_merge() const = 0;
  virtual base::Duration uptime() const = 0;
  // Of an object; empty: of all. What is known since the start, of the objects that were merged
  // last.
  virtual SyncFigures sync_figures(const std::string& object) const = 0;
  virtual std::string metrics() const = 0;  // Prometheus text
};

}  // namespace agent
