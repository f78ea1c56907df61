// Months of daily restarts. Every start that writes leaves an actor behind (rule 2). The cost of
// that must not grow with the years, and closing must not wait for a member that is away.

#include "tests/simulation/scenario.h"
#include "tools/simulator/requests.h"

namespace simulation::testing {
namespace {

constexpr std::size_t kHosts = 4;
constexpr std::size_t kAway = kHosts;  // the fifth
constexpr std::size_t kDays = 60;

struct Restarts : Scenario {
  Restarts() : Scenario(kHosts + 1, 7) { begin(); }
  // Each host is started again, one after the other, and writes.
  void day(std::size_t number) {
    for (std::size_t i = 0; i < kHosts; ++i) {
      number % 3 == 0 ? cluster().kill(i) : cluster().stop_cleanly(i);
      cluster().start(i);
      run(base::seconds(2));
      const std::string id = "d" + std::to_string(number) + "-" + std::to_string(i);
      cluster().request(i, add_entry("snapshots", id, {}));
      run(base::seconds(1));
    }
  }
  std::size_t open_actors(std::size_t host) {
    std::size_t count = 0;
    for (const auto& [id, actor] : process(host).replica().store().actors().all()) {
      count += actor.closed ? 0 : 1;
    }
    return count;
  }
};

TEST(Restarts, LeaveNothingOpenThoughAMemberIsAwayForMonths) {
  Restarts mesh;
  mesh.cluster().kill(kAway);
  mesh.run(base::seconds(30));

  for (std::size_t day = 0; day < kDays; ++day) mesh.day(day);
  mesh.run(base::seconds(30));

  for (std::size_t i = 0; i < kHosts; ++i) {
    EXPECT_GE(mesh.process(i).replica().closed().size(), (kDays - 1) * kHosts) << i;
    EXPECT_LE(mesh.open_actors(i), 2 * kHosts) << i;
    EXPECT_TRUE(mesh.process(i).replica().alone().size() <= 1) << i;
  }

  mesh.cluster().start(kAway);
  EXPECT_TRUE(mesh.converges(base::seconds(60))) << mesh.story();
  mesh.run(base::seconds(30));

  EXPECT_LE(mesh.open_actors(kAway), 2 * kHosts);
  mesh.judge();
  EXPECT_EQ(mesh.report().events["contradictions refused"], 0u);
  EXPECT_EQ(mesh.report().events["states set aside"], 0u);
}

}  // namespace
}  // namespace simulation::testing
