#include <gtest/gtest.h>

#include <functional>

#include "gossip/peer.h"
#include "gossip/repeats.h"
#include "gossip/wire/message.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

// A sender of datagrams that is not a Node. It can send any messages, under any key and any start.
class Stranger {
 public:
  Stranger(NodeId node, std::uint64_t epoch, std::uint64_t start, wire::MeshKey key = Mesh::key())
      : node_(node), epoch_(epoch), seal_(key, node, start_id(start)) {}

  base::Bytes packet(const std::vector<wire::Message>& messages, const NodeId* to = nullptr) {
    std::vector<base::Bytes> encoded;
    for (const wire::Message& message : messages) encoded.push_back(wire::encode(message));
    return seal_.seal(wire::encode_packet(node_, epoch_, encoded), to);
  }
  // The messages of a datagram, or none if it was not sealed for this stranger.
  std::vector<wire::Message> read(base::BytesView datagram) {
    wire::DatagramSeal::Refusal refusal{};
    auto opened = seal_.open(datagram, refusal);
    if (!opened) return {};
    return wire::decode_packet(opened->plaintext)->messages;
  }

 private:
  static wire::StartId start_id(std::uint64_t number) {
    wire::StartId start{};
    for (std::size_t i = 0; i < 8; ++i) start[i] = static_cast<unsigned char>(number >> (8 * i));
    return start;
  }
  NodeId node_;
  std::uint64_t epoch_;
  wire::DatagramSeal seal_;
};

NodeId node_id(std::uint64_t number) {
  return base::Random::from_number(number).id<base::NodeTag>();
}

const Address kStrange = *Address::parse("192.0.2.9:999");

// One node without any others. Each call returns all actions of the node.
struct Alone {
  Alone() : node(identity(), {}, {}, base::Random::from_number(5)) {}
  static Identity identity() { return {node_id(1), "alone", Mesh::address(0), Mesh::key(), 3}; }
  Actions receive(base::BytesView bytes, Address from = kStrange) {
    Actions actions;
    node.receive({now, 0, false}, from, bytes, actions);
    return actions;
  }
  base::Instant now{base::seconds(100).nanos};
  Node node;
};

std::size_t bytes_of(const Actions& actions) {
  std::size_t bytes = 0;
  for (const Action& action : actions) bytes += std::get<SendDatagram>(action).bytes.size();
  return bytes;
}

wire::Ping ping() { return {std::uint64_t{1} << 63, {1, 2}, 7, {}}; }
wire::Challenge challenge() { return {std::uint64_t{1} << 63 | 5}; }

TEST(Freshness, GarbageProducesNothing) {
  Alone alone;
  auto random = base::Random::from_number(9);

  for (std::size_t size = 0; size < 400; ++size) {
    EXPECT_TRUE(alone.receive(random.bytes(size)).empty()) << size;
  }

  EXPECT_EQ(alone.node.stats().datagrams_received, 0u);
}

TEST(Freshness, AnotherKeyProducesNothing) {
  Alone alone;
  auto random = base::Random::from_number(10);
  Stranger stranger(node_id(2), 1, 1, wire::MeshKey::generate(random));

  Actions actions = alone.receive(stranger.packet({ping(), challenge()}));

  EXPECT_TRUE(actions.empty());
  EXPECT_EQ(alone.node.stats().refused_key, 1u);
}

TEST(Freshness, FlippedBitsProduceNothing) {
  Alone alone;
  Stranger stranger(node_id(2), 1, 1);
  base::Bytes good = stranger.packet({ping(), challenge()});

  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    base::Bytes bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(alone.receive(bad).empty()) << bit;
  }

  EXPECT_EQ(alone.node.stats().datagrams_received, 0u);
  EXPECT_FALSE(alone.receive(good).empty());
}

TEST(Freshness, AnUnknownStartNeverGetsMoreThanItSent) {
  auto random = base::Random::from_number(11);
  for (int i = 0; i < 300; ++i) {
    Alone alone;
    auto epoch = random.next() >> random.below(64);
    Stranger stranger(node_id(2), epoch, 1);
    std::vector<wire::Message> messages;
    auto kinds = random.below(16);
    if (kinds & 1) messages.push_back(ping());
    if (kinds & 2) messages.push_back(challenge());
    if (kinds & 4) messages.push_back(wire::ChallengeAnswer{random.next()});
    if (kinds & 8) messages.push_back(wire::Challenge{random.next()});
    base::Bytes datagram = stranger.packet(messages);

    Actions actions = alone.receive(datagram);

    EXPECT_LE(actions.size(), 1u);
    EXPECT_LE(bytes_of(actions), datagram.size());
    EXPECT_EQ(alone.node.stats().refused_unproven, 1u);
  }
}

TEST(Freshness, OfAnUnknownStartOnlyTheAnswerToItsChallengeIsTaken) {
  Alone alone;
  Stranger stranger(node_id(2), 1, 1);
  MemberRecord self{node_id(2), "stranger", kStrange, 1, MemberState::kAlive, Topology::kDirect};

  Actions first = alone.receive(stranger.packet({wire::Join{self}, challenge()}));
  std::size_t members_before = alone.node.members({alone.now, 0, false}).size();
  auto answers = stranger.read(std::get<SendDatagram>(first.at(0)).bytes);
  const auto* answer = std::get_if<wire::ChallengeAnswer>(&answers.at(0));
  const auto* question = std::get_if<wire::Challenge>(&answers.at(1));
  ASSERT_NE(answer, nullptr);
  ASSERT_NE(question, nullptr);
  alone.receive(stranger.packet({wire::ChallengeAnswer{question->token}, wire::Join{self}}));

  EXPECT_EQ(answer->token, challenge().token);
  EXPECT_EQ(members_before, 1u);
  EXPECT_EQ(alone.node.members({alone.now, 0, false}).size(), 2u);
}

TEST(Freshness, AWrongOldOrUsedTokenProvesNothing) {
  Alone alone;
  Stranger stranger(node_id(2), 1, 1);
  Actions first = alone.receive(stranger.packet({ping(), challenge()}));
  auto answers = stranger.read(std::get<SendDatagram>(first.at(0)).bytes);
  std::uint64_t token = std::get<wire::Challenge>(answers.at(1)).token;

  alone.receive(stranger.packet({wire::ChallengeAnswer{token ^ 1}, ping()}));
  EXPECT_EQ(alone.node.stats().refused_unproven, 2u);
  alone.now = alone.now + kTokenLife;
  alone.receive(stranger.packet({wire::ChallengeAnswer{token}, ping()}));
  EXPECT_EQ(alone.node.stats().refused_unproven, 3u);
}

TEST(Freshness, ATokenIsForOneStartAtOneAddress) {
  Alone alone;
  Stranger stranger(node_id(2), 1, 1);
  Stranger other_start(node_id(2), 1, 2);
  Actions first = alone.receive(stranger.packet({ping(), challenge()}));
  auto answers = stranger.read(std::get<SendDatagram>(first.at(0)).bytes);
  std::uint64_t token = std::get<wire::Challenge>(answers.at(1)).token;

  alone.receive(other_start.packet({wire::ChallengeAnswer{token}, ping()}));
  EXPECT_EQ(alone.node.stats().refused_unproven, 2u);
  alone.receive(stranger.packet({wire::ChallengeAnswer{token}, ping()}), Mesh::address(9));
  EXPECT_EQ(alone.node.stats().refused_unproven, 3u);
  alone.receive(stranger.packet({wire::ChallengeAnswer{token}, ping()}));
  EXPECT_EQ(alone.node.stats().refused_unproven, 3u);
}

// To answer a stranger costs no memory. So there is no limit that many strangers could exhaust.
TEST(Freshness, StrangersAreAnsweredHoweverManyThereAre) {
  Alone alone;

  for (std::uint64_t i = 0; i < 5'000; ++i) {
    Stranger stranger(node_id(100 + i), 1, i);
    base::Bytes datagram = stranger.packet({ping(), challenge()});
    Actions actions = alone.receive(datagram);
    EXPECT_EQ(actions.size(), 1u);
    EXPECT_LE(bytes_of(actions), datagram.size());
  }

  EXPECT_EQ(alone.node.stats().challenges_sent, 5'000u);
  EXPECT_EQ(alone.node.members({alone.now, 0, false}).size(), 1u);
}

// Somebody without the key can record one datagram and send it again for ever, from any source
// address.
TEST(Freshness, ARecordingSentAgainAndAgainKeepsNobodyOut) {
  Mesh mesh(8);
  std::size_t a = mesh.add();
  std::vector<Captured> captured;
  mesh.capture = &captured;
  std::size_t z = mesh.add({a});
  mesh.run(base::seconds(1));
  mesh.capture = nullptr;
  mesh.crash(z);
  mesh.crash(a);
  mesh.start(a);  // it does not know the start of z
  std::vector<base::Bytes> recorded;
  for (const Captured& one : captured) {
    if (one.from == Mesh::address(z)) recorded.push_back(one.bytes);
  }
  ASSERT_GT(recorded.size(), 3u);
  std::uint64_t sent = 0;
  std::function<void()> flood = [&] {
    // 20,000 datagrams a second. Half of them are copies of one datagram.
    for (int i = 0; i < 20; ++i, ++sent) {
      Address from = *Address::parse("10.200." + std::to_string(sent % 250) +
                                     ".7:" + std::to_string(1'000 + sent % 50'000));
      mesh.inject(from, a, recorded[sent % 2 == 0 ? 0 : sent % recorded.size()]);
    }
    mesh.at(base::millis(1), flood);
  };
  flood();
  mesh.run(base::seconds(1));

  std::size_t n = mesh.add({a});
  bool in = mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(1));

  EXPECT_TRUE(in);
  EXPECT_EQ(mesh.node(n).members(mesh.now()).size(), 2u);
  auto answers_max = 3 * kRepeatsAnswered * recorded.size();
  EXPECT_LE(mesh.node(a).stats().challenges_sent, answers_max);
  EXPECT_GT(mesh.node(a).stats().challenges_suppressed, 15'000u);
}

TEST(Freshness, AReplayOfAllDatagramsChangesNothing) {
  Mesh mesh(3);
  std::vector<Captured> captured;
  mesh.capture = &captured;
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  std::size_t m = mesh.add({a});
  for (int i = 0; i < 5; ++i) mesh.write(z);
  mesh.run(base::seconds(20));
  mesh.leave(m);
  mesh.run(base::seconds(5));
  mesh.capture = nullptr;
  auto stats_before = mesh.node(a).stats();
  auto members_before = mesh.node(a).members(mesh.now()).size();
  std::size_t applies_before = mesh.host(a).applies;

  for (const Captured& datagram : captured) {
    for (std::size_t to = 0; to < mesh.size(); ++to) {
      Actions actions;
      mesh.node(to).receive(mesh.now(), datagram.from, datagram.bytes, actions);
      EXPECT_TRUE(actions.empty());
    }
  }

  EXPECT_EQ(mesh.node(a).members(mesh.now()).size(), members_before);
  EXPECT_EQ(mesh.state_of(a, m), MemberState::kLeft);
  EXPECT_EQ(mesh.node(a).stats().acks_received, stats_before.acks_received);
  EXPECT_EQ(mesh.host(a).applies, applies_before);
  EXPECT_GT(mesh.node(a).stats().refused_replay, stats_before.refused_replay);
}

// The receiver has restarted, so it knows no start and has no replay window for the recorded
// datagrams.
TEST(Freshness, AReplayToANewStartIsNotBelieved) {
  Mesh mesh(4);
  std::vector<Captured> captured;
  mesh.capture = &captured;
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  mesh.write(z);
  mesh.run(base::seconds(5));
  mesh.capture = nullptr;
  mesh.crash(z);
  mesh.crash(a);
  mesh.run(base::seconds(1));
  mesh.start(a);
  std::size_t applies_before = mesh.host(a).applies;

  for (const Captured& datagram : captured) mesh.inject(datagram.from, a, datagram.bytes);
  mesh.run(base::seconds(2));

  EXPECT_EQ(mesh.host(a).applies, applies_before);
  EXPECT_EQ(mesh.node(a).members(mesh.now()).size(), 1u);
  EXPECT_GT(mesh.node(a).stats().refused_unproven, 0u);
}

TEST(Freshness, ARestartedNodeIsBackAtOnce) {
  Mesh mesh(5);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  ASSERT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(1)));
  mesh.run(base::seconds(3));
  mesh.crash(z);
  for (int i = 0; i < 10; ++i) mesh.write(a);
  mesh.run(base::millis(200));

  mesh.start(z, {a});
  bool back =
      mesh.run_until([&] { return mesh.acquainted() && mesh.converged(); }, base::millis(150));

  EXPECT_TRUE(back);
}

// The restarted node does not know its old mesh. It joins again because the other members ping it.
TEST(Freshness, ARestartedNodeWithoutSeedsIsFoundByTheOthers) {
  Mesh mesh(6);
  std::size_t a = mesh.add();
  mesh.add({a});
  mesh.run(base::seconds(3));
  mesh.crash(a);
  mesh.run(base::seconds(6));

  mesh.start(a);
  bool back = mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(8));

  EXPECT_TRUE(back);
}

// The copy has to answer a challenge. Then it is told that the mesh has seen a later start (see
// Twins).
TEST(Freshness, ACopyWithAnOldEpochIsNotBelieved) {
  Mesh mesh(7);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  Identity copied = mesh.host(z).identity;
  mesh.run(base::seconds(1));
  mesh.crash(z);
  mesh.start(z, {a});
  mesh.run(base::seconds(1));
  Node copy(copied, Options(), {}, base::Random::from_number(99));
  Actions actions;

  copy.seeds(mesh.now(), {Mesh::address(a)}, actions);
  ASSERT_FALSE(actions.empty());
  Actions answer;
  mesh.node(a).receive(mesh.now(), kStrange, std::get<SendDatagram>(actions[0]).bytes, answer);

  ASSERT_EQ(answer.size(), 1u);
  EXPECT_LE(std::get<SendDatagram>(answer[0]).bytes.size(),
            std::get<SendDatagram>(actions[0]).bytes.size());
  EXPECT_EQ(mesh.node(a).stats().refused_epoch, 1u);
}

TEST(Freshness, OfTwoCopiesTheLastProvenSpeaks) {
  Options options;
  Peers peers(options, base::Random::from_number(1));
  Peers::Opened first;
  first.start = {1};
  first.counter = 10;
  Peers::Opened second;
  second.start = {2};
  second.counter = 1;

  peers.prove(first, node_id(1), 4);
  peers.prove(second, node_id(1), 4);

  // Everything that this start has sent until now counts as old. Later datagrams of it need a new
  // proof.
  EXPECT_EQ(peers.standing(first), Peers::Standing::kReplayed);
  first.counter = 11;
  EXPECT_EQ(peers.standing(first), Peers::Standing::kUnknown);
  second.counter = 2;
  EXPECT_EQ(peers.standing(second), Peers::Standing::kKnown);
  EXPECT_TRUE(peers.outdated(node_id(1), 3));
  EXPECT_FALSE(peers.outdated(node_id(1), 4));
  EXPECT_FALSE(peers.accept(second, node_id(1), 5));
}

TEST(Freshness, WhatAStartSealedBeforeItsProofStaysClosed) {
  Peers peers(Options(), base::Random::from_number(1));
  Peers::Opened proof;
  proof.counter = 100;

  peers.prove(proof, node_id(1), 1);

  for (std::uint64_t counter : {0u, 99u, 100u}) {
    Peers::Opened old = proof;
    old.counter = counter;
    EXPECT_EQ(peers.standing(old), Peers::Standing::kReplayed) << counter;
  }
}

TEST(Freshness, StartsAreBounded) {
  Options options;
  options.starts_known_max = 10;
  Peers peers(options, base::Random::from_number(1));
  Peers::Opened datagram;

  for (std::uint64_t i = 0; i < 50; ++i) {
    datagram.start = {static_cast<unsigned char>(i)};
    peers.prove(datagram, node_id(i), 1);
  }
  EXPECT_EQ(peers.size(), 10u);
  EXPECT_TRUE(peers.knows(node_id(49)));
  EXPECT_FALSE(peers.knows(node_id(39)));

  for (std::uint64_t i = 0; i < 3 * kFormerStartsMax; ++i) {
    datagram.start = {1, static_cast<unsigned char>(i), static_cast<unsigned char>(i >> 8)};
    peers.prove(datagram, node_id(49), 1);
  }
  EXPECT_LE(peers.formers(), kFormerStartsMax);
}

}  // namespace
}  // namespace gossip::testing
