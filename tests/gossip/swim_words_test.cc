// Pings and acks tell the incarnation of their sender. A record also has the name, the address and
// the topology of this incarnation. The incarnation may come first; an old name or address must
// never be told to others under it.

#include <gtest/gtest.h>

#include "tests/gossip/liar.h"

namespace gossip::testing {
namespace {

NodeId outsider(std::uint64_t number) {
  return base::Random::from_number(0xA0'0000 + number).id<base::NodeTag>();
}

std::optional<MemberRecord> seen(Mesh& mesh, std::size_t by, const NodeId& node) {
  for (const MemberView& view : mesh.node(by).members(mesh.now())) {
    if (view.record.node == node) return view.record;
  }
  return std::nullopt;
}

// Incarnation, name, address and topology are what a member says of itself.
void expect_says(const std::optional<MemberRecord>& seen, const MemberRecord& said) {
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->incarnation, said.incarnation);
  EXPECT_EQ(seen->name, said.name);
  EXPECT_EQ(seen->address, said.address);
  EXPECT_EQ(seen->topology, said.topology);
}

void settle_all(Mesh& mesh, std::size_t count) {
  mesh.add();
  for (std::size_t i = 1; i < count; ++i) mesh.add({0});
  ASSERT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(5)));
  mesh.run(base::seconds(5));
}

// Two hosts, and a member that sends something only when the test says so.
class Words : public ::testing::Test {
 protected:
  Words() {
    settle_all(mesh_, 2);
    liar_ = std::make_unique<Liar>(mesh_, 0, outsider(1));
    member().say({wire::Join{member().self()}});
    mesh_.run(base::seconds(1));
    next_ = member().self();
    next_.incarnation += 1;
    next_.topology = Topology::kPushPull;
    mesh_.capture = &sent_;
  }
  Liar& member() { return *liar_; }
  void tell_number() { member().say({wire::Ping{5, {}, 1, {}}}); }
  // Whether host 0 has sent the member a ping with a record of it.
  bool asked() {
    for (const Captured& captured : std::exchange(sent_, {})) {
      if (captured.to != member().kHere) continue;
      for (const wire::Message& message : member().read(captured)) {
        const auto* ping = std::get_if<wire::Ping>(&message);
        if (ping == nullptr) continue;
        for (const MemberRecord& about : ping->news) {
          if (about.node == next_.node && about.incarnation == next_.incarnation) return true;
        }
      }
    }
    return false;
  }
  Mesh mesh_{31};
  std::unique_ptr<Liar> liar_;
  MemberRecord next_;
  std::vector<Captured> sent_;
};

TEST_F(Words, AreAskedForWhenANumberComesAlone) {
  sent_.clear();
  tell_number();
  mesh_.run(base::millis(1));
  EXPECT_TRUE(asked());
  EXPECT_EQ(seen(mesh_, 0, next_.node)->incarnation, next_.incarnation);
  EXPECT_EQ(seen(mesh_, 0, next_.node)->topology, Topology::kDirect);

  member().claim(next_);
  mesh_.run(base::seconds(1));
  expect_says(seen(mesh_, 0, next_.node), next_);
  expect_says(seen(mesh_, 1, next_.node), next_);
  sent_.clear();
  tell_number();
  mesh_.run(base::millis(1));
  EXPECT_FALSE(asked());
}

TEST_F(Words, AreAskedForUntilTheyCome) {
  for (int i = 0; i < 5; ++i) {
    tell_number();
    mesh_.run(base::seconds(1));
    EXPECT_TRUE(asked()) << i;
  }
}

TEST_F(Words, OfAnOlderNumberAreNotToldUnderANewOne) {
  for (int i = 0; i < 10; ++i) {
    tell_number();
    mesh_.run(base::millis(500));
    EXPECT_EQ(seen(mesh_, 1, next_.node)->incarnation, member().self().incarnation);
  }
  Liar other(mesh_, 0, outsider(2), 1, "10.77.0.2:7700");
  sent_.clear();
  other.say({wire::Join{other.self()}});
  mesh_.run(base::millis(1));
  std::size_t told = 0;
  for (const Captured& captured : sent_) {
    for (const wire::Message& message : other.read(captured)) {
      const auto* table = std::get_if<wire::Members>(&message);
      if (table == nullptr) continue;
      ++told;
      for (const MemberRecord& record : table->records) EXPECT_NE(record.node, next_.node);
    }
  }
  EXPECT_GT(told, 0u);
}

TEST_F(Words, AreTakenFromOthersToo) {
  Liar other(mesh_, 0, outsider(2), 1, "10.77.0.2:7700");
  other.say({wire::Join{other.self()}});
  tell_number();

  other.claim(next_);
  expect_says(seen(mesh_, 0, next_.node), next_);

  // When the member's own record is there, records from others do not change it.
  MemberRecord lie = next_;
  lie.topology = Topology::kDirect;
  other.claim(lie);
  expect_says(seen(mesh_, 0, next_.node), next_);
}

TEST_F(Words, ComeWithAnAccusationOfANewerNumber) {
  Liar other(mesh_, 0, outsider(2), 1, "10.77.0.2:7700");
  other.say({wire::Join{other.self()}});
  for (MemberState state : {MemberState::kSuspect, MemberState::kDead}) {
    ++next_.incarnation;
    next_.name += "x";
    MemberRecord told = next_;
    told.state = state;
    mesh_.run(base::seconds(1));
    other.claim(told);
    EXPECT_EQ(seen(mesh_, 0, next_.node)->name, next_.name);
    EXPECT_EQ(seen(mesh_, 0, next_.node)->topology, Topology::kPushPull);
  }
}

// The long datagram with the member's record may be lost again and again while its short pings
// arrive. So it is asked at its new address.
TEST_F(Words, OfOneThatStartedAnewAtAnotherPlaceAreAskedForThere) {
  Liar anew(mesh_, 0, next_.node, 2, "10.77.0.9:7700");
  mesh_.run(base::seconds(1));
  sent_.clear();
  anew.say({wire::Ping{6, {}, 0, {}}});
  mesh_.run(base::millis(1));

  std::size_t asked_there = 0;
  for (const Captured& captured : sent_) asked_there += captured.to == anew.kHere ? 1 : 0;
  EXPECT_GT(asked_there, 1u);  // an ack, and a ping that asks
  anew.claim(anew.self());
  expect_says(seen(mesh_, 0, next_.node), anew.self());
  mesh_.run(base::seconds(1));
  expect_says(seen(mesh_, 1, next_.node), anew.self());
}

TEST(Topologies, AreKnownToAllSoonAlsoUnderLoss) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Mesh mesh(40 + seed);
    settle_all(mesh, 30);
    mesh.faults.loss_percent = 30;
    mesh.faults.sessions_blocked = seed % 2 == 0;
    Topology changed = Topology::kDirect;
    for (int i = 0; i < 5; ++i) {
      changed = changed == Topology::kDirect ? Topology::kPushPull : Topology::kDirect;
      mesh.node(3).topology(changed);
      auto known = [&] {
        for (std::size_t j = 0; j < 30; ++j) {
          auto record = seen(mesh, j, mesh.host(3).identity.node);
          if (!record || record->topology != changed) return false;
        }
        return true;
      };
      EXPECT_TRUE(mesh.run_until(known, base::seconds(3))) << seed;
    }
  }
}

TEST(Names, OfOneThatStartedAnewAreKnownToAllSoonAlsoUnderLoss) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Mesh mesh(60 + seed);
    settle_all(mesh, 30);
    mesh.faults.loss_percent = 30;
    mesh.crash(3);
    mesh.host(3).identity.name = "anew";
    mesh.start(3, {0});
    auto known = [&] {
      for (std::size_t j = 0; j < 30; ++j) {
        auto record = seen(mesh, j, mesh.host(3).identity.node);
        if (!record || record->name != "anew") return false;
      }
      return true;
    };
    EXPECT_TRUE(mesh.run_until(known, base::seconds(20))) << seed;
  }
}

}  // namespace
}  // namespace gossip::testing
