#include "gossip/wire/message.h"

#include <gtest/gtest.h>

#include <set>

#include "crdt/codec.h"
#include "tests/wire/samples.h"

namespace gossip::wire {
namespace {

using crdt::codec::Writer;

NodeId node(unsigned char number) {
  NodeId id;
  id.bytes.fill(number);
  return id;
}

Message decoded(base::BytesView bytes) {
  auto result = decode(bytes);
  EXPECT_TRUE(result.ok());
  return std::get<Message>(*result);
}

TEST(Message, EveryTypeIsItsOwnInverse) {
  for (const auto& message : samples()) {
    EXPECT_EQ(decoded(encode(message)), message) << message_name(message);
  }
}

TEST(Message, EmptyListsPass) {
  for (const Message& message :
       std::vector<Message>{Ping{}, Ack{}, Members{}, Push{}, Vector{}, RangeRequest{}, Range{},
                            SnapshotRequest{}, SnapshotAnswer{}}) {
    EXPECT_EQ(decoded(encode(message)), message) << message_name(message);
  }
}

TEST(Message, EveryTypeHasANameAndANumberOfItsOwn) {
  std::set<std::string_view> names;
  std::set<char> numbers;
  for (const auto& message : samples()) {
    names.insert(message_name(message));
    numbers.insert(encode(message)[1]);
  }

  EXPECT_EQ(names.size(), std::variant_size_v<Message>);
  EXPECT_EQ(numbers.size(), std::variant_size_v<Message>);
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// These bytes are a format. If they change, agents of two versions no longer understand each other.
TEST(Message, GoldenEncodings) {
  const std::vector<std::string> golden = {
      "9701050607089198c41001010101010101010101010101010101a26e31c4060a0000011e14cd012d"
      "0204c41009090909090909090909090909090909cf1122334455667788cd012c",
      "960205cfffffffffffffffff07089296c41001010101010101010101010101010101a26e31c4060a"
      "0000011e14cd012d020496c41002020202020202020202020202020202a26e32c41220010db80000"
      "000000000000000000021e15cd012e0204",
      "9203cf1122334455667788",
      "9204cf1122334455667788",
      "920598c41003030303030303030303030303030303a26e33c4060a0000031e14cd012f0204c007",
      "92069296c41001010101010101010101010101010101a26e31c4060a0000011e14cd012d020496c4"
      "1002020202020202020202020202020202a26e32c41220010db80000000000000000000000021e15"
      "cd012e0204",
      "920796c41004040404040404040404040404040404a26e34c4060a0000041e14cd01300204",
      "930892c4036f6e65c5012c" + repeated("63", 300) + "01",
      "9809c301029293c41001010101010101010101010101010101ce00011171cf010203040506070893"
      "c41002020202020202020202020202020202ce00011172cf01020304050607084dc3c3",
      "940a099193c41001010101010101010101010101010101ce00011171cf0102030405060708ce00010000",
      "940b090291c4066368616e6765",
      "940e0ac4057175657279ce00010000",
      "940f0a02c40470616765",
      "940c05c41006060606060606060606060606060606c41220010db80000000000000000000000021e15",
      "920d05",
      "9711c41007070707070707070707070707070707cf0000000100000002a56e6f746573a3616e6ecd7530c4027b7"
      "d",
      "9212c41001010101010101010101010101010101",
      "9313c41001010101010101010101010101010101cd012c",
  };
  auto all = samples();

  ASSERT_EQ(golden.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(base::to_hex(encode(all[i])), golden[i]) << message_name(all[i]);
  }
}

TEST(Message, RequestsOfTheFirstVersionSayNothingOfBytes) {
  auto range = Writer().array(3).number(10).number(9).array(0).take();
  auto snapshot = Writer().array(3).number(14).number(9).binary("query").take();
  auto longer = Writer().array(5).number(10).number(9).array(0).number(77).nil().take();

  EXPECT_EQ(decoded(range), Message(RangeRequest{9, {}, 0}));
  EXPECT_EQ(decoded(snapshot), Message(SnapshotRequest{9, "query", 0}));
  EXPECT_EQ(decoded(longer), Message(RangeRequest{9, {}, 77}));
}

TEST(Message, AnUnknownTypeIsNoError) {
  auto later = Writer().array(3).number(120).text("what").array(1).nil().take();

  auto result = decode(later);

  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*result));
}

TEST(Message, FieldsOfLaterVersionsAreSkipped) {
  auto longer = Writer().array(4).number(4).number(77).map(1).text("k").nil().boolean(true).take();

  EXPECT_EQ(decoded(longer), Message(ChallengeAnswer{77}));
}

TEST(Message, APushThatEndsHereHasNoFurtherField) {
  EXPECT_EQ(base::to_hex(encode(Push{{"one"}, Passing::kNone})), "920891c4036f6e65");
}

// A later version may have other values of `passing`. An agent that does not know the value does
// not pass the push on.
TEST(Message, APushPassedOnInALaterWayEndsHere) {
  for (std::uint64_t passing : {std::uint64_t{0}, std::uint64_t{2}, UINT64_MAX}) {
    auto later = Writer().array(4).number(8).array(1).binary("one").number(passing).nil().take();

    EXPECT_EQ(decoded(later), Message(Push{{"one"}, Passing::kNone}));
  }
  auto wrong = Writer().array(3).number(8).array(1).binary("one").text("on").take();
  EXPECT_FALSE(decode(wrong).ok());
}

Writer& write_record(Writer& out, std::uint64_t state, std::uint64_t topology) {
  return out.array(9)
      .binary(base::Bytes(16, 'n'))
      .text("n1")
      .binary(base::Bytes("\x0A\x00\x00\x01\x1E\x14", 6))
      .number(3)
      .number(state)
      .number(topology)
      .nil()
      .nil()
      .array(2)
      .nil()
      .nil();
}

TEST(Message, ARecordInALaterStateIsLeftOutOfItsList) {
  Writer out;
  out.array(2).number(6).array(3);
  write_record(out, 1, 1);
  write_record(out, 9, 1);
  write_record(out, 2, 5);

  auto members = std::get<Members>(decoded(out.take()));

  ASSERT_EQ(members.records.size(), 1u);
  EXPECT_EQ(members.records[0].name, "n1");
  EXPECT_EQ(members.records[0].state, MemberState::kAlive);
}

TEST(Message, ARecordInALaterStateAloneIsAnError) {
  Writer out;
  out.array(2).number(5);
  write_record(out, 9, 1);

  EXPECT_FALSE(decode(out.take()).ok());
}

TEST(Packet, CarriesMessagesOfEveryType) {
  std::vector<base::Bytes> encoded;
  for (const auto& message : samples()) encoded.push_back(encode(message));

  auto packet = decode_packet(encode_packet(node(7), 1'000'000'007, encoded));

  ASSERT_TRUE(packet.ok());
  EXPECT_EQ(packet->sender, node(7));
  EXPECT_EQ(packet->boot_epoch, 1'000'000'007u);
  EXPECT_EQ(packet->messages, samples());
}

TEST(Packet, MayBeEmpty) {
  auto packet = decode_packet(encode_packet(node(7), 1, {}));

  ASSERT_TRUE(packet.ok());
  EXPECT_TRUE(packet->messages.empty());
}

TEST(Packet, GoldenEncoding) {
  auto packet = encode_packet(node(7), 258, {encode(Challenge{1}), encode(ChallengeAnswer{2})});

  EXPECT_EQ(base::to_hex(packet),
            "94c41007070707070707070707070707070707cd010292030192"
            "0402");
}

TEST(Packet, AShortOneNamesNobody) {
  auto bytes = encode_packet({}, 0, {encode(ChallengeAnswer{2})});

  EXPECT_EQ(base::to_hex(bytes), "93c0c0920402");
  auto packet = decode_packet(bytes);
  ASSERT_TRUE(packet.ok());
  EXPECT_TRUE(packet->sender.is_zero());
}

TEST(Packet, HalfANameIsMalformed) {
  auto nameless = Writer().array(2).nil().number(1).take();
  auto zero = Writer().array(2).binary(NodeId{}.view()).number(1).take();

  EXPECT_FALSE(decode_packet(nameless).ok());
  EXPECT_FALSE(decode_packet(zero).ok());
}

TEST(Packet, MessagesOfUnknownTypeAreLeftOut) {
  auto later = Writer().array(2).number(200).text("what").take();

  auto packet =
      decode_packet(encode_packet(node(7), 1, {later, encode(ChallengeAnswer{2}), later}));

  ASSERT_TRUE(packet.ok());
  EXPECT_EQ(packet->messages, std::vector<Message>{ChallengeAnswer{2}});
}

TEST(Packet, OneMalformedMessageRefusesAll) {
  auto bad = Writer().array(2).number(4).text("no number").take();

  EXPECT_FALSE(decode_packet(encode_packet(node(7), 1, {encode(ChallengeAnswer{2}), bad})).ok());
}

}  // namespace
}  // namespace gossip::wire
