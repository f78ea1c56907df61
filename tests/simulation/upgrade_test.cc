// A mesh with an agent that is two versions ahead. It seals and sends what only a later version
// knows.

#include "crdt/change.h"
#include "gossip/wire/message.h"
#include "tests/crdt/members_of.h"
#include "tests/simulation/scenario.h"
#include "tools/simulator/requests.h"

namespace simulation::testing {
namespace {

using crdt::samples::members_of;
using gossip::wire::Passing;
using gossip::wire::Push;

// The later agent: its actor and its messages. It takes the place of a member that all others know.
class Later {
 public:
  explicit Later(Scenario& mesh) : mesh_(mesh), random_(base::Random::from_number(99)) {
    actor_ = random_.id<base::ActorTag>();
  }

  // An effect whose kind and slot type this version does not know.
  crdt::SealedChange change() {
    crdt::Change change;
    change.actor = actor_;
    change.seq = head_.seq + 1;
    change.prev = head_.hash;
    change.time = {1'800'000'000'000'000'000 + static_cast<std::int64_t>(change.seq), 0};
    if (change.seq == 1) change.node = mesh_.process(0).node();
    crdt::Effect effect;
    effect.slot = {"later", {"key"}, static_cast<crdt::SlotType>(99)};
    effect.kind = static_cast<crdt::EffectKind>(77);
    effect.stamp = {change.time, ""};
    effect.body = "raw";
    if (change.seq > 1) effect.kills = {{actor_, change.seq - 1, 0}};
    change.effects.push_back(effect);
    auto sealed = crdt::seal(change);
    EXPECT_TRUE(sealed.ok());
    head_ = {change.seq, sealed->hash};
    return *sealed;
  }
  // The same with an envelope that this version does not know. The envelope version is the second
  // byte.
  crdt::SealedChange enveloped() {
    crdt::SealedChange sealed = change();
    sealed.bytes[1] = 0x7f;
    sealed.hash = crdt::head_hash(sealed.bytes);
    return sealed;
  }
  void tell(std::size_t to, base::Bytes message) {
    mesh_.process(to).frame(mesh_.process(0).node(), std::move(message));
  }
  void tell(std::size_t to, const crdt::SealedChange& sealed) {
    tell(to, gossip::wire::encode(Push{{sealed.bytes}, Passing::kNone}));
  }
  const base::ActorId& actor() const { return actor_; }

 private:
  Scenario& mesh_;
  base::Random random_;
  base::ActorId actor_;
  crdt::Head head_;
};

// Adds a field after the last one that we know: one more in the head of the array (below 15), and a
// nil.
base::Bytes longer(base::Bytes message) {
  message[0] = static_cast<char>(static_cast<unsigned char>(message[0]) + 1);
  message.push_back('\xc0');
  return message;
}

struct MixedVersions : ::testing::TestWithParam<gossip::Topology> {
  Scenario mesh{4, 11, GetParam()};
  void SetUp() override {
    mesh.start();
    mesh.cluster().checker().allow_forks(false);  // the oracle knows only this version
    ASSERT_TRUE(mesh.meets(base::seconds(20)));
  }
  void add(std::size_t host, const std::string& id) {
    mesh.cluster().request(host, add_entry("snapshots", id, members_of(R"({"size":1})")));
    mesh.run(base::millis(20));
  }
};

TEST_P(MixedVersions, UnknownKindsAndTypesReachAllAndAreEqual) {
  Later later(mesh);
  for (std::size_t i = 0; i < 10; ++i) {
    later.tell(i % 4 == 0 ? 1 : i % 4, later.change());
    add(i % 4, "e" + std::to_string(i));
  }

  EXPECT_TRUE(mesh.converges(base::seconds(30))) << mesh.story();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(mesh.process(i).replica().vector().seq_of(later.actor()), 10u);
  }
  mesh.judge();
}

// The vector of this actor stops there on all agents. Nothing else stops, and nobody fetches the
// change again and again.
TEST_P(MixedVersions, AnUnknownEnvelopeStopsOneActorAndNobodyElse) {
  Later later(mesh);
  crdt::SealedChange known = later.change();
  crdt::SealedChange unknown = later.enveloped();
  crdt::SealedChange after = later.change();
  for (std::size_t i = 1; i < 4; ++i) {
    for (const auto* sealed : {&known, &unknown, &after}) later.tell(i, *sealed);
    add(i, "e" + std::to_string(i));
  }

  EXPECT_TRUE(mesh.converges(base::seconds(30))) << mesh.story();
  mesh.run(base::seconds(5));
  std::uint64_t before = mesh.network().counts.frames;
  mesh.run(base::seconds(20));
  EXPECT_LE(mesh.network().counts.frames - before, 40u) << "quiet";
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(mesh.process(i).replica().vector().seq_of(later.actor()), 1u);
  }
  mesh.judge();
}

TEST_P(MixedVersions, UnknownMessagesAndFieldsCostNobodyAnything) {
  Later later(mesh);
  for (std::size_t i = 0; i < 100; ++i) {
    later.tell(1 + i % 3, base::Bytes("\x92\x78\xc0", 3));
    later.tell(1 + i % 3, longer(gossip::wire::encode(gossip::wire::Ack{0, {}, 0, {}})));
    if (i % 10 == 0) add(i % 4, "e" + std::to_string(i));
  }

  EXPECT_TRUE(mesh.converges(base::seconds(30))) << mesh.story();
  EXPECT_TRUE(mesh.cluster().acquainted()) << mesh.story();
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(mesh.process(i).node_machine().stats().refused_content, 0u);
  }
  mesh.judge();
}

INSTANTIATE_TEST_SUITE_P(BadDays, MixedVersions,
                         ::testing::Values(gossip::Topology::kDirect, gossip::Topology::kPushPull),
                         [](const auto& chosen) {
                           return std::string(gossip::topology_name(chosen.param)) == "direct"
                                      ? "Direct"
                                      : "PushPull";
                         });

}  // namespace
}  // namespace simulation::testing
