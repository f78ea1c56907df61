// Clients that send a request again, to the same agent or to another one.

#include "crdt/base/plant.h"
#include "tests/simulation/scenario.h"

namespace simulation::testing {
namespace {

class Planted {
 public:
  explicit Planted(base::Plant plant) { base::planted = plant; }
  ~Planted() { base::planted = base::Plant::kNone; }
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;
};

agent::WriteObject count(unsigned char name) {
  agent::WriteObject write{
      "tally",
      {{{}, crdt::Verb::kIncrement, crdt::Amount{5}, crdt::SlotType::kGCounter, std::nullopt}}};
  write.name.emplace().key.bytes.fill(name);
  return write;
}

struct Retries : Scenario {
  Retries() : Scenario(3, 5) { begin(); }
  void ask(std::size_t host, unsigned char name = 1) {
    cluster().request(host, count(name));
    run(base::millis(50));
  }
  std::uint64_t answered_again() { return report().events["requests answered again"]; }
  std::string shown(std::size_t host) {
    const auto cells =
        process(host).replica().store().cells().cells_at("tally", {}, crdt::SlotType::kGCounter);
    std::string bodies;
    for (const crdt::Cell& cell : *cells) bodies += cell.body + ",";
    return bodies;
  }
};

TEST(Retries, ARetryOnAnotherAgentThatHasTheChangeCountsOnce) {
  Retries mesh;
  mesh.ask(0);
  ASSERT_TRUE(mesh.converges(base::seconds(20)));

  mesh.ask(0);
  mesh.ask(1);
  mesh.cluster().kill(2);
  mesh.cluster().start(2);
  mesh.run(base::seconds(1));
  mesh.ask(2);

  EXPECT_EQ(mesh.answered_again(), 3u);
  ASSERT_TRUE(mesh.converges(base::seconds(20)));
  EXPECT_EQ(mesh.shown(1), "5,");
  mesh.judge();
}

TEST(Retries, ARetryOnAnAgentThatIsCutOffCountsTwice) {
  Retries mesh;
  mesh.cut_both(0, 2);
  mesh.cut_both(1, 2);
  mesh.ask(0);
  mesh.ask(2);
  EXPECT_EQ(mesh.answered_again(), 0u);
  mesh.network().heal();
  ASSERT_TRUE(mesh.converges(base::seconds(60)));

  EXPECT_EQ(mesh.shown(1), "5,5,");
  mesh.ask(1);
  EXPECT_EQ(mesh.answered_again(), 1u);
  mesh.judge();
}

TEST(Retries, ANameThatIsNotStoredWithItsChangeIsNoticed) {
  Retries mesh;
  const Planted planted(base::Plant::kRequestsForgotten);
  mesh.ask(0);
  mesh.ask(0);

  ASSERT_TRUE(mesh.report().violation);
  EXPECT_EQ(mesh.report().violation->checker, "retry-done-again");
}

}  // namespace
}  // namespace simulation::testing
