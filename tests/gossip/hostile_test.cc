#include <gtest/gtest.h>

#include "tests/gossip/changes.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

// A hostile member that has the key can send anything. Each message is counted, dropped or bounded,
// and the mesh goes on.
class Hostile {
 public:
  Hostile(std::uint64_t seed, Mesh& mesh) : random_(base::Random::from_number(seed)), mesh_(mesh) {}

  crdt::Dependency entry() {
    crdt::Dependency entry{random_.id<base::ActorTag>(), {}};
    bool known = random_.chance(2);
    if (known) entry.actor = mesh_.host(0).replica->actor();
    auto size = random_.below(64);
    entry.head.seq = random_.next() >> size;
    entry.head.hash = random_.next();
    return entry;
  }
  MemberRecord record() {
    MemberRecord record;
    record.node = random_.id<base::NodeTag>();
    bool known = random_.chance(2);
    if (known) record.node = mesh_.host(random_.below(mesh_.size())).identity.node;
    record.name = "x";
    record.address = Mesh::address(100 + random_.below(1'000));
    record.incarnation = random_.below(1'000'000);
    auto state = random_.below(4);
    record.state = static_cast<MemberState>(1 + state);
    return record;
  }
  wire::Message message() {
    std::vector<crdt::Dependency> entries = {entry(), entry()};
    std::vector<MemberRecord> records = {record(), record()};
    std::vector<base::Bytes> changes = {random_.bytes(30)};
    auto actor = random_.id<base::ActorTag>();
    auto seq = 1 + random_.below(5);
    crdt::Dependency dependency = entries[0];
    dependency.head.seq |= 1;  // a dependency on number 0 cannot be sealed
    changes.push_back(change_of(actor, seq, {dependency}).bytes);
    auto number = random_.below(6);
    auto outcome = static_cast<wire::Range::Outcome>(random_.below(4));
    switch (random_.below(9)) {
      case 0:
        return wire::Ping{number, {number, number}, number, records};
      case 1:
        return wire::Ack{number, {number, number}, number, records};
      case 2:
        return wire::Join{records[0]};
      case 3:
        return wire::Members{records};
      case 4:
        return wire::Leave{records[0]};
      case 5:
        return wire::Push{changes};
      case 6:
        return wire::Vector{number % 2 == 0, {number, number}, entries};
      case 7:
        return wire::RangeRequest{number, entries};
      default:
        return wire::Range{number, outcome, changes};
    }
  }
  base::Bytes damaged() {
    base::Bytes bytes = wire::encode(message());
    auto at = static_cast<std::size_t>(random_.below(bytes.size()));
    bytes[at] = static_cast<char>(random_.below(256));
    return bytes;
  }

 private:
  base::Random random_;
  Mesh& mesh_;
};

TEST(Hostile, FramesOfAMemberAreBounded) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Options options;
    options.members_max = 40;
    Mesh mesh(seed, options);
    for (std::size_t i = 0; i < 3; ++i) mesh.add({0});
    mesh.run(base::seconds(2));
    Hostile hostile(seed, mesh);

    for (int i = 0; i < 400; ++i) {
      mesh.frame(1, 0, hostile.message());
      Actions actions;
      mesh.node(0).receive_frame(mesh.now(), mesh.host(1).identity.node, hostile.damaged(),
                                 actions);
      mesh.run(base::millis(20));
    }
    mesh.write(2);

    base::ActorId actor = mesh.host(2).replica->actor();
    EXPECT_TRUE(mesh.run_until([&] { return mesh.host(0).replica->vector().covers(actor, 1); },
                               base::seconds(20)));
    EXPECT_LE(mesh.node(0).members(mesh.now()).size(), 41u);
    EXPECT_EQ(mesh.state_of(0, 2), MemberState::kAlive);
  }
}

TEST(Hostile, DatagramsOfAMemberAreBounded) {
  Options options;
  options.members_max = 40;
  Mesh mesh(50, options);
  mesh.add();
  mesh.add({0});
  mesh.add({0});
  Identity copied = mesh.host(1).identity;
  mesh.run(base::seconds(2));
  mesh.crash(1);
  wire::DatagramSeal seal(copied.key, copied.node, {9});
  std::vector<Captured> captured;
  mesh.capture = &captured;
  auto send = [&](const std::vector<wire::Message>& messages) {
    std::vector<base::Bytes> encoded;
    for (const wire::Message& message : messages) encoded.push_back(wire::encode(message));
    base::Bytes plain = wire::encode_packet(copied.node, copied.boot_epoch + 1, encoded);
    mesh.inject(Mesh::address(1), 0, seal.seal(plain, &mesh.host(0).identity.node));
  };
  send({wire::Ping{UINT64_MAX, {}, 0, {}}, wire::Challenge{UINT64_MAX}});
  wire::DatagramSeal::Refusal refusal{};
  auto answer = seal.open(captured.at(0).bytes, refusal);
  ASSERT_TRUE(answer.has_value());
  auto packet = wire::decode_packet(answer->plaintext);
  send({wire::ChallengeAnswer{std::get<wire::Challenge>(packet->messages.at(1)).token}});
  mesh.capture = nullptr;
  Hostile hostile(3, mesh);

  for (int i = 0; i < 3'000; ++i) {
    send({hostile.message()});
    mesh.run(base::millis(1));
  }
  mesh.run(base::seconds(30));

  EXPECT_GT(mesh.node(0).stats().refused_content, 1'000u);
  EXPECT_LE(mesh.node(0).members(mesh.now()).size(), 41u);
  EXPECT_EQ(mesh.state_of(0, 2), MemberState::kAlive);
}

}  // namespace
}  // namespace gossip::testing
