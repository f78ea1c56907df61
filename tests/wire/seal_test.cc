#include "gossip/wire/seal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace gossip::wire {
namespace {

using Refusal = DatagramSeal::Refusal;

MeshKey key_of(std::uint64_t seed) {
  auto random = base::Random::from_number(seed);
  return MeshKey::generate(random);
}

NodeId node(unsigned char number) {
  NodeId id;
  id.bytes.fill(number);
  return id;
}

StartId start(unsigned char number) {
  StartId id;
  id.fill(number);
  return id;
}

class Seal : public testing::Test {
 protected:
  std::optional<DatagramSeal::Opened> open(base::BytesView datagram) {
    return z.open(datagram, refusal);
  }

  MeshKey key = key_of(1);
  DatagramSeal a{key, node(1), start(10)};
  DatagramSeal z{key, node(26), start(20)};
  NodeId to_z = node(26);
  Refusal refusal = Refusal::kMalformed;
};

TEST_F(Seal, WhatIsSealedOpens) {
  for (std::size_t size : {0u, 1u, 200u, 1200u, 65'000u}) {
    base::Bytes plain(size, 'p');

    auto opened = open(a.seal(plain, &to_z));

    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(opened->plaintext, plain);
    EXPECT_TRUE(opened->addressed);
    EXPECT_EQ(opened->start, start(10));
    EXPECT_TRUE(std::equal(opened->sender.begin(), opened->sender.end(), node(1).bytes.begin()));
  }
}

TEST_F(Seal, CountersStartAtOneAndNonceNeverRepeats) {
  std::set<std::string> nonces;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    auto datagram = a.seal("x", &to_z);
    EXPECT_EQ(open(datagram)->counter, i);
    nonces.insert(datagram.substr(5, 24));
  }

  EXPECT_EQ(nonces.size(), 100u);
}

TEST_F(Seal, TheOverheadIsAsNamed) {
  EXPECT_EQ(a.seal(base::Bytes(100, 'x'), &to_z).size(), 100 + kSealOverhead);
}

// The layout is a format; this test fails when it changes.
TEST_F(Seal, GoldenDatagram) {
  auto datagram = a.seal("hearsay", &to_z);

  EXPECT_EQ(base::to_hex(datagram.substr(0, 1)), "49");
  EXPECT_EQ(base::to_hex(a.seal("hearsay", nullptr).substr(0, 1)), "48");
  EXPECT_EQ(base::to_hex(datagram.substr(5, 24)),
            "0a0a0a0a0a0a0a0a"
            "0101010101010101"
            "0000000000000001");
  EXPECT_EQ(base::to_hex(datagram.substr(1, 4)), "283fde13");
  EXPECT_EQ(base::to_hex(datagram.substr(29)), "f3634e379e4cf6367891ff3f15a1ec2caf1a861db9dc24");
}

TEST_F(Seal, ADatagramForSomebodyElseDoesNotOpen) {
  NodeId other = node(7);

  EXPECT_FALSE(open(a.seal("x", &other)));
  EXPECT_EQ(refusal, Refusal::kAuthentication);
}

TEST_F(Seal, OneForWhoeverHoldsTheAddressOpens) {
  auto opened = open(a.seal("join", nullptr));

  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->addressed);
}

TEST_F(Seal, EveryFlippedBitIsRefused) {
  auto datagram = a.seal("plain text", &to_z);
  for (std::size_t i = 0; i < datagram.size() * 8; ++i) {
    auto changed = datagram;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));

    EXPECT_FALSE(open(changed)) << "bit " << i;
  }
}

TEST_F(Seal, EveryTruncationAndExtensionIsRefused) {
  auto datagram = a.seal("plain text", &to_z);
  for (std::size_t size = 0; size < datagram.size(); ++size) {
    EXPECT_FALSE(open(datagram.substr(0, size)));
  }
  EXPECT_FALSE(open(datagram + '\0'));
}

TEST_F(Seal, RefusalsSayWhy) {
  auto other = key_of(2);
  DatagramSeal stranger(other, node(3), start(30));
  auto wrong_version = a.seal("x", &to_z);
  wrong_version[0] = 0x4A;

  EXPECT_FALSE(open("short"));
  EXPECT_EQ(refusal, Refusal::kMalformed);
  EXPECT_FALSE(open(wrong_version));
  EXPECT_EQ(refusal, Refusal::kVersion);
  EXPECT_FALSE(open(stranger.seal("x", &to_z)));
  EXPECT_EQ(refusal, Refusal::kKey);
  EXPECT_FALSE(open(z.seal("x", &to_z)));
  EXPECT_EQ(refusal, Refusal::kOwn);
}

// Another mesh has our key id by chance. The mesh id and the key keep the two meshes apart.
TEST_F(Seal, AnEqualKeyIdAloneOpensNothing) {
  auto other = key_of(2);
  other.key_id = key.key_id;
  DatagramSeal stranger(other, node(3), start(30));

  EXPECT_FALSE(open(stranger.seal("x", &to_z)));
  EXPECT_EQ(refusal, Refusal::kAuthentication);
}

TEST_F(Seal, TheMeshIdIsAuthenticated) {
  auto other = key;
  other.mesh_id[0] ^= 1;
  DatagramSeal stranger(other, node(3), start(30));

  EXPECT_FALSE(open(stranger.seal("x", &to_z)));
  EXPECT_EQ(refusal, Refusal::kAuthentication);
}

// A copy of our data directory has our node id but another start. Its datagram must not be taken
// for one of our own.
TEST_F(Seal, ACopyOfUsUnderAnotherStartIsNotOwn) {
  DatagramSeal copy(key, node(26), start(21));

  EXPECT_TRUE(open(copy.seal("x", &to_z)));
}

TEST(MeshKey, TextIsItsOwnInverse) {
  auto key = key_of(1);

  auto parsed = MeshKey::parse(" \t" + key.text() + "\r\n");

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->secret, key.secret);
  EXPECT_EQ(parsed->key_id, key.key_id);
  EXPECT_EQ(parsed->mesh_id, key.mesh_id);
}

TEST(MeshKey, BadTextIsRefusedWithoutShowingIt) {
  auto text = key_of(1).text();
  for (const auto& bad : {std::string(), text.substr(1), text + "0", "g" + text.substr(1),
                          text.substr(0, 32) + " " + text.substr(32), std::string(64, ' ')}) {
    auto parsed = MeshKey::parse(bad);

    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().message.find(text.substr(8, 16)), std::string::npos);
  }
}

TEST(MeshKey, PublicNamesDoNotShowTheSecret) {
  auto key = key_of(1);

  EXPECT_NE(base::to_hex({reinterpret_cast<const char*>(key.mesh_id.data()), 16}),
            key.text().substr(0, 32));
  EXPECT_NE(key.key_id, key_of(2).key_id);
}

// The model is a set of all counters that were ever marked, and the distance to the highest one.
TEST(ReplayWindow, AgreesWithASet) {
  auto random = base::Random::from_number(3);
  for (int round = 0; round < 300; ++round) {
    ReplayWindow window;
    std::set<std::uint64_t> marked;
    std::uint64_t centre = random.chance(8) ? UINT64_MAX - 4'000 : random.below(5'000);
    for (int i = 0; i < 400; ++i) {
      if (random.chance(50)) centre += random.below(3'000);
      std::uint64_t jump = random.below(1'400);
      std::uint64_t counter =
          random.chance(2) ? centre + jump % 64 : centre - std::min(centre, jump);
      if (counter < jump) counter = jump;
      bool too_old =
          !marked.empty() && *marked.rbegin() >= 1024 && counter <= *marked.rbegin() - 1024;

      ASSERT_EQ(window.seen(counter), too_old || marked.contains(counter)) << counter;
      window.mark(counter);
      if (!too_old) marked.insert(counter);
    }
  }
}

TEST(ReplayWindow, KeepsExactlyItsWidth) {
  ReplayWindow window;
  window.mark(5'000);

  EXPECT_FALSE(window.seen(5'000 - 1'023));
  EXPECT_TRUE(window.seen(5'000 - 1'024));
  EXPECT_TRUE(window.seen(0));
  EXPECT_FALSE(window.seen(5'001));
}

TEST(ReplayWindow, AnEmptyOneHasSeenNothing) {
  ReplayWindow window;

  EXPECT_FALSE(window.seen(0));
  window.mark(0);
  EXPECT_TRUE(window.seen(0));
  EXPECT_FALSE(window.seen(1));
}

TEST(ReplayWindow, AJumpForgetsAllBefore) {
  ReplayWindow window;
  for (std::uint64_t i = 1; i <= 1'088; ++i) window.mark(i);
  window.mark(1'000'000);
  window.mark(UINT64_MAX);

  EXPECT_TRUE(window.seen(1'000'000));
  EXPECT_TRUE(window.seen(UINT64_MAX));
  for (std::uint64_t i = 1; i < 1'024; ++i) EXPECT_FALSE(window.seen(UINT64_MAX - i)) << i;
}

}  // namespace
}  // namespace gossip::wire
