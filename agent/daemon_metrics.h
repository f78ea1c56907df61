#pragma once

// The text of GET /metrics: the counts of all parts under one set of names. The HELP line of each
// metric says what it counts.

#include <array>
#include <string>
#include <vector>

#include "agent/access/access.h"
#include "agent/api/host.h"
#include "agent/http/server.h"
#include "agent/join_history.h"
#include "agent/notices.h"
#include "agent/replica/replica.h"
#include "agent/store_figures.h"
#include "gossip/stats.h"
#include "gossip/transport/transport.h"

namespace agent {

struct DaemonCounts {
  std::uint64_t writes = 0;
  std::uint64_t writes_refused = 0;
  std::uint64_t changes_applied = 0;
  std::array<std::uint64_t, kNoticeKinds> notices{};
  std::size_t waiting = 0;
  std::size_t watchers = 0;
  base::Duration uptime;
  bool degraded = false;
  bool isolated = false;
  StoreFigures store;
  StoreCounts replica;
  JoinTotals joins;
  std::int64_t wal_bytes_max = 0;
  std::int64_t free_pages = 0;
  base::Instant now;
  std::uint64_t log_lines_lost = 0;
  std::size_t presences = 0;
  auth::Access::Counts access;
  std::size_t api_keys = 0;
  std::size_t nonces = 0;
};

std::string metrics_text(const AgentFacts& facts, const DaemonCounts& counts,
                         const std::vector<gossip::MemberView>& members, const gossip::Stats& mesh,
                         const transport::Stats& sessions, const http::Stats& http);

}  // namespace agent
