#include "gossip/wire/packer.h"

#include <gtest/gtest.h>

#include "tests/wire/samples.h"

namespace gossip::wire {
namespace {

NodeId node(unsigned char number) {
  NodeId id;
  id.bytes.fill(number);
  return id;
}

// The packet as it would be sent, with the longest epoch.
std::size_t sealed_size(Packer& packer) {
  return packer.take(node(1), UINT64_MAX).size() + kSealOverhead;
}

TEST(Packer, ADatagramNeverPassesItsLimit) {
  for (std::size_t limit : {508u, 1200u, 1400u}) {
    for (std::size_t size : {2u, 7u, 40u, 300u}) {
      Packer packer(limit);
      base::Bytes message = encode(Push{{base::Bytes(size, 'c')}});
      while (packer.add(message)) {
      }

      EXPECT_LE(sealed_size(packer), limit);
    }
  }
}

TEST(Packer, TheLargestMessageFitsAnEmptyPacketExactly) {
  std::size_t most = Packer::message_bytes_max(1200);
  Packer packer(1200);

  EXPECT_FALSE(packer.add(base::Bytes(most + 1, '\xc0')));
  EXPECT_TRUE(packer.empty());
  EXPECT_TRUE(packer.add(base::Bytes(most, '\xc0')));
  EXPECT_EQ(packer.room(), 0u);
}

TEST(Packer, TakesAsManyMessagesAsAPacketMayHold) {
  Packer packer(60'000);
  std::size_t taken = 0;
  while (packer.add(encode(ChallengeAnswer{taken}))) ++taken;

  auto packet = decode_packet(packer.take(node(1), 1));

  EXPECT_EQ(taken, kMessagesPerPacket);
  ASSERT_TRUE(packet.ok());
  EXPECT_EQ(packet->messages.size(), kMessagesPerPacket);
}

TEST(Packer, IsEmptyAgainAfterTake) {
  Packer packer(1200);
  packer.add(encode(ChallengeAnswer{1}));

  packer.take(node(1), 1);

  EXPECT_TRUE(packer.empty());
  EXPECT_EQ(packer.room(), Packer::message_bytes_max(1200));
}

TEST(Packer, ALimitBelowTheOverheadFitsNothing) {
  Packer packer(40);

  EXPECT_FALSE(packer.add(encode(ChallengeAnswer{1})));
}

TEST(EncodedSize, IsWhatAListGrowsBy) {
  for (std::size_t name : {0u, 31u, 32u, 64u}) {
    for (std::uint64_t number : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
                                 std::uint64_t{256}, std::uint64_t{65'536}, UINT64_MAX}) {
      auto record = sample_record(1);
      record.name = std::string(name, 'x');
      record.incarnation = number;
      auto entry = sample_entry(1);
      entry.head = {number, number};

      EXPECT_EQ(encode(Members{{record, record}}).size() - encode(Members{{record}}).size(),
                encoded_size(record));
      EXPECT_EQ(
          encode(RangeRequest{1, {entry, entry}}).size() - encode(RangeRequest{1, {entry}}).size(),
          encoded_size(entry));
    }
  }
  for (std::size_t size : {0u, 255u, 256u, 65'535u, 65'536u}) {
    base::Bytes change(size, 'c');
    EXPECT_EQ(encode(Push{{change, change}}).size() - encode(Push{{change}}).size(),
              encoded_size(change));
  }
}

}  // namespace
}  // namespace gossip::wire
