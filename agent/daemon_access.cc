// What the daemon does for API keys: reads them again, and tells their judge the time.

#include "agent/clock.h"
#include "agent/daemon.h"
#include "agent/host_port.h"

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
  warn_without_keys();
}

void Daemon::warn_without_keys() {
  const bool serves_others = !HostPort{options_.http_host, 0}.is_loopback();
  if (!serves_others || access_.keys() > 0) return;
  log_.warn("no_api_key",
            {{"http", facts_.http},
             {"meaning",
              "this agent serves other hosts, but it has no API key, so it refuses each of their "
              "requests; make a key (hearsay apikey add NAME) and send SIGHUP to this agent"}});
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
