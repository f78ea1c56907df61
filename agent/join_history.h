#pragma once

// What the state joins of this run did: the last one for /v1/status, the sums for /metrics, and one
// log line for each. Loop thread only.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/api/host.h"
#include "agent/log.h"
#include "agent/replica/join_report.h"

namespace agent {

struct JoinTotals {  // of those that were merged; `bytes`: of all
  JoinCounts counts;
  std::uint64_t bytes = 0;
  std::uint64_t imports = 0;
};

class JoinHistory {
 public:
  explicit JoinHistory(Log& log) : log_(log) {}

  // `name`: of the peer, for people.
  void add(base::Instant now, const JoinReport& report, const std::string& name);
  const std::optional<LastJoin>& last() const { return last_; }
  // The last one that changed something here. A later one that brings nothing does not hide it.
  const std::optional<LastJoin>& last_merge() const { return last_merge_; }
  const JoinTotals& totals() const { return totals_; }

 private:
  Log& log_;
  std::optional<LastJoin> last_;
  std::optional<LastJoin> last_merge_;
  JoinTotals totals_;
};

}  // namespace agent
