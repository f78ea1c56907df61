#include <gtest/gtest.h>

#include "tests/gossip/changes.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

constexpr std::size_t kChanges = 200;

// A has written while Z could not receive anything from it.
struct Apart : Pair {
  Apart() : Pair(1) {
    mesh.cut_both(a, z);
    for (std::size_t i = 0; i < kChanges; ++i) mesh.write(a);
    mesh.run(base::seconds(1));
  }
};

bool is_compressed(base::BytesView message) { return message[1] == 16; }

TEST(Compression, ARangeCrossesCompressedAndIsApplied) {
  Apart pair;
  Mesh::Host& a = pair.mesh.host(Pair::a);
  base::Bytes request = wire::encode(wire::RangeRequest{7, {{a.replica->actor(), {}}}});
  Actions asked;
  pair.mesh.node(Pair::a).receive_frame(pair.mesh.now(), pair.mesh.host(Pair::z).identity.node,
                                        request, asked);
  Fetched fetched = a.replica->fetch(std::get<Fetch>(asked.at(0)));
  ASSERT_EQ(fetched.changes.size(), kChanges);
  std::size_t plain = 0;
  for (const base::Bytes& change : fetched.changes) plain += change.size();

  Actions answer;
  pair.mesh.node(Pair::a).fetched(pair.mesh.now(), fetched, answer);

  const base::Bytes& sent = std::get<SendFrame>(answer.at(0)).message;
  EXPECT_TRUE(is_compressed(sent));
  EXPECT_LT(sent.size(), plain / 2);
  Actions received;
  pair.mesh.node(Pair::z).receive_frame(pair.mesh.now(), a.identity.node, sent, received);
  ASSERT_FALSE(received.empty());
  const auto& apply = std::get<Apply>(received[0]);
  ASSERT_EQ(apply.changes.size(), kChanges);
  for (std::size_t i = 0; i < kChanges; ++i) {
    EXPECT_EQ(apply.changes[i].sealed.bytes, fetched.changes[i]);
  }
}

TEST(Compression, CatchingUpCostsFewerBytesThanTheChanges) {
  Apart pair;
  Mesh::Host& a = pair.mesh.host(Pair::a);
  std::size_t plain = 0;
  for (const base::Bytes& change : a.replica->fetch({1, {}, {}, kChanges, SIZE_MAX}).changes) {
    plain += change.size();
  }
  std::size_t before = a.session_bytes;
  pair.mesh.heal();

  ASSERT_TRUE(pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::seconds(10)));

  EXPECT_EQ(pair.mesh.host(Pair::z).replica->size(), kChanges);
  EXPECT_LT(a.session_bytes - before, plain / 2);
}

TEST(Compression, ALargePushIsTheSameBytesForAll) {
  Mesh mesh(2);
  for (std::size_t i = 0; i < 4; ++i) mesh.add({0});
  mesh.run(base::seconds(2));
  Stored facts;
  facts.own = {change_of(mesh.host(0).replica->actor(), 1, {}, 20'000)};

  Actions actions;
  mesh.node(0).stored(mesh.now(), facts, actions);

  std::set<base::Bytes> sent;
  std::size_t frames = 0;
  for (const Action& action : actions) {
    const auto* frame = std::get_if<SendFrame>(&action);
    if (frame == nullptr) continue;
    ++frames;
    sent.insert(frame->message);
  }
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(frames, 3u);
  EXPECT_TRUE(is_compressed(*sent.begin()));
  EXPECT_LT(sent.begin()->size(), 1'000u);
}

}  // namespace
}  // namespace gossip::testing
