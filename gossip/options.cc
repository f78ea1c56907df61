#include "gossip/options.h"

#include <array>

namespace gossip {
namespace {

// All four profiles follow one rule of thumb. Two timeouts and two round trips fit into an
// interval. The grace is longer than a change usually takes through the commit of its receiver. The
// shortest suspicion is about the time that two more members take to hear of it and to probe the
// suspect themselves.
using base::millis;
using base::seconds;
constexpr std::array kProfiles = {
    Profile{"local", millis(200), millis(60), millis(50), 12, 5, millis(30)},
    Profile{"lan", millis(500), millis(150), millis(100), 16, 5, millis(100)},
    Profile{"wan", millis(1'500), millis(400), millis(200), 16, 5, millis(400)},
    Profile{"edge", seconds(5), millis(1'500), millis(500), 12, 5, millis(600)},
};

}  // namespace

std::optional<Profile> profile_from_name(std::string_view name) {
  for (const Profile& profile : kProfiles) {
    if (profile.name == name) return profile;
  }
  return std::nullopt;
}

base::Status Options::check() const {
  const Profile& p = profile;
  auto text = [](base::Duration time) { return std::to_string(time.millis()) + " ms"; };
  bool positive = p.ping_timeout.nanos > 0 && p.gossip_interval.nanos > 0 &&
                  p.suspicion_tenths > 0 && p.suspicion_max_factor > 0;
  // A tenth of the interval is left for two round trips. Longer round trips stretch the probe.
  if (!positive || p.ping_timeout * 2 + p.ping_interval / 10 > p.ping_interval) {
    return base::invalid("profile: a ping timeout of " + text(p.ping_timeout) +
                         " does not fit twice, with two round trips, into an interval of " +
                         text(p.ping_interval) + ": a silent member would never be suspected");
  }
  if (members_max == 0 || helpers_max == 0 || news_targets == 0 || datagram_bytes_max < 512) {
    return base::invalid("gossip options: a bound is zero, or a datagram below 512 bytes");
  }
  if (presences_per_second == 0 || presence_burst == 0 || presence_intake_factor == 0 ||
      presence_bytes_per_second < 32'768) {
    return base::invalid(
        "gossip options: a rate of presences is zero, or their bytes a second below 32768");
  }
  return {};
}

std::string_view profile_names() { return "local, lan, wan, edge"; }

bool has_strategy(Topology topology) {
  return topology == Topology::kDirect || topology == Topology::kPushPull;
}

std::string_view topology_names() { return "push-pull, direct"; }

}  // namespace gossip
