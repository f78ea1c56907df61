// What the daemon does for API keys: reads them again, and tells their judge the time.

#include "agent/clock.h"
#include "agent/daemon.h"

namespace agent {

void Daemon::read_keys_again() {
  auto keys = auth::read_keys(directory_->path());
  if (!keys.ok()) {
    log_.error("keys_refused", {{"reason", keys.error().message},
                                {"meaning", "the agent goes on with the keys that it has"}});
    return;
  }
  access_.set(*keys, read_clock().instant);
  log_.info("keys_read", {{"keys", keys->keys.size()}, {"revoked", keys->revoked.size()}});
}

// The clock that was stored last may be later than the one at the start. So a wall clock that was
// set back since the start, but not to a time before it, is trusted here.
auth::Time Daemon::access_time() const {
  base::Now now = read_clock();
  auth::Time time{now.instant, std::nullopt};
  if (clock_at_start_.trusts(now)) time.trusted_wall = now.wall_nanos / 1'000'000'000;
  return time;
}

}  // namespace agent
