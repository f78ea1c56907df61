#include "gossip/options.h"

#include <array>

namespace gossip {
namespace {

// Rule of thumb of all four: silence is at least six pings of one member (the first, two quick
// repeats, then one an interval), and grace exceeds the usual way of a change through its
// receiver's commit.
constexpr std::array kProfiles = {
    Profile{"local", base::millis(200), base::millis(60), base::seconds(1), base::millis(30)},
    Profile{"lan", base::millis(500), base::millis(150), base::seconds(3), base::millis(100)},
    Profile{"wan", base::millis(1'500), base::millis(400), base::seconds(10), base::millis(400)},
    Profile{"edge", base::seconds(5), base::millis(1'500), base::seconds(30), base::millis(600)},
};

}  // namespace

std::optional<Profile> profile_from_name(std::string_view name) {
  for (const Profile& profile : kProfiles) {
    if (profile.name == name) return profile;
  }
  return std::nullopt;
}

std::string_view profile_names() { return "local, lan, wan, edge"; }

bool has_strategy(Topology topology) {
  return topology == Topology::kDirect || topology == Topology::kPushPull;
}

std::string_view topology_names() { return "push-pull, direct"; }

}  // namespace gossip
