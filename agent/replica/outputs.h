#pragma once

// What a turn of the replica returns, beside the facts for the protocol (crdt/stored.h).

#include <vector>

#include "agent/replica/requests.h"

namespace agent {

inline constexpr std::size_t kMergesTold = 1'024;  // objects in one turn

// What follows from a turn, a flush or a scrub.
struct Outputs {
  Stored facts;
  std::vector<Reply> replies;
  std::vector<Event> events;  // only when watched
  std::vector<Merge> merges;  // at most kMergesTold; what came for more objects is not told
  std::vector<Notice> notices;
  std::vector<JoinReport> joins;  // those that ended in this turn
  std::vector<SnapshotRead> pages;
  std::vector<MaintenanceReply> maintained;
  bool events_cut = false;  // there were more events than the bound: watchers must read all again
  // The state must be set aside and fetched again (rules 2 and 8), or the agent needs another node
  // id (rule 2). The driver stops and opens the replica again; open() does the rest.
  bool reopen = false;
  bool fetching = false;  // the state comes from peers: the driver must send Synchronised
  bool damaged = false;   // a damaged row was met: the driver names a living peer (DivergenceSeen)
};

}  // namespace agent
