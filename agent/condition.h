#pragma once

// How this agent is, for /readyz and /v1/status: told by the notices of its replica. Degraded while
// writing is stopped by the disk or a damaged row was met; syncing while its state is rebuilt from
// peers or the first exchange with a seed runs; else ready.

#include <string>

#include "agent/api/host.h"
#include "agent/replica/requests.h"

namespace agent {

class Condition {
 public:
  // The database was opened in the middle of a rebuild: its notice came in an earlier run.
  void opened_rebuilding() { rebuilding_ = true; }
  void hear(const Notice& notice);

  // `syncing`: the first exchange with a seed runs.
  Health health(bool syncing) const;
  std::string reason(bool syncing) const;  // empty when ready
  bool degraded() const { return !fault_.empty() || !damage_.empty(); }

 private:
  std::string fault_;   // until the disk takes writes again
  std::string damage_;  // until this database is set aside, so for the life of this object
  bool rebuilding_ = false;
};

}  // namespace agent
