#pragma once

// The health of this agent for /readyz and /v1/status, kept up to date by the notices of its
// replica. Degraded: writing has stopped because of a fault of the disk, or a damaged row was
// found. Syncing: the state is being rebuilt from peers, or the first exchange with a seed runs.
// Ready: none of these.

#include <string>

#include "agent/api/host.h"
#include "agent/replica/requests.h"

namespace agent {

class Condition {
 public:
  // The database was opened while it was being rebuilt. The notice about it was given in an earlier
  // run.
  void opened_rebuilding() { rebuilding_ = true; }
  void hear(const Notice& notice);

  // `syncing`: the first exchange with a seed runs.
  Health health(bool syncing) const;
  std::string reason(bool syncing) const;  // empty when ready
  bool degraded() const { return !fault_.empty() || !damage_.empty(); }

 private:
  std::string fault_;   // set until the disk takes writes again
  std::string damage_;  // set until the database is opened again; that makes a new Condition
  bool rebuilding_ = false;
};

}  // namespace agent
