#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "crdt/codec.h"
#include "crdt/snapshot.h"
#include "gossip/wire/message.h"
#include "gossip/wire/packer.h"
#include "tests/wire/samples.h"

namespace gossip::wire {
namespace {

using crdt::codec::Writer;

NodeId node(unsigned char number) {
  NodeId id;
  id.bytes.fill(number);
  return id;
}

bool decodes(const Message& message) { return decode(encode(message)).ok(); }
bool fits_a_packet(const Message& message) {
  return decode_packet(encode_packet(node(1), 1, {encode(message)})).ok();
}

TEST(MessageBounds, RecordsAMessage) {
  std::vector<MemberRecord> most(kRecordsPerMessage, sample_record(1));
  auto more = most;
  more.push_back(sample_record(2));

  EXPECT_TRUE(decodes(Members{most}));
  EXPECT_FALSE(decodes(Members{more}));
  EXPECT_FALSE(decodes(Ping{1, {}, 1, more}));
}

TEST(MessageBounds, RecordsAMessageInADatagram) {
  std::vector<MemberRecord> most(kRecordsPerDatagramMessage, sample_record(1));
  auto more = most;
  more.push_back(sample_record(2));

  EXPECT_TRUE(fits_a_packet(Members{most}));
  EXPECT_FALSE(fits_a_packet(Members{more}));
  EXPECT_FALSE(fits_a_packet(Ack{1, {}, 1, more}));
}

TEST(MessageBounds, ChangesAMessage) {
  std::vector<base::Bytes> most(kChangesPerMessage, "c");
  auto more = most;
  more.push_back("c");
  std::vector<base::Bytes> most_in_datagram(kChangesPerDatagramMessage, "c");
  auto more_in_datagram = most_in_datagram;
  more_in_datagram.push_back("c");

  EXPECT_TRUE(decodes(Push{most}));
  EXPECT_FALSE(decodes(Push{more}));
  EXPECT_FALSE(decodes(Range{1, Range::Outcome::kMore, more}));
  EXPECT_TRUE(fits_a_packet(Push{most_in_datagram}));
  EXPECT_FALSE(fits_a_packet(Push{more_in_datagram}));
}

TEST(MessageBounds, EntriesAMessage) {
  std::vector<crdt::Dependency> most(kEntriesPerMessage, sample_entry(1));
  auto more = most;
  more.push_back(sample_entry(1));

  EXPECT_TRUE(decodes(Vector{false, {}, most}));
  EXPECT_FALSE(decodes(Vector{false, {}, more}));
  EXPECT_TRUE(decodes(RangeRequest{1, most}));
  EXPECT_FALSE(decodes(RangeRequest{1, more}));
}

TEST(MessageBounds, QueriesAndPagesOfSnapshots) {
  EXPECT_TRUE(decodes(SnapshotRequest{1, base::Bytes(kQueryBytesMax, 'q')}));
  EXPECT_FALSE(decodes(SnapshotRequest{1, base::Bytes(kQueryBytesMax + 1, 'q')}));
  EXPECT_TRUE(decodes(SnapshotAnswer{1, {}, base::Bytes(kPageBytesMax, 'p')}));
  EXPECT_FALSE(decodes(SnapshotAnswer{1, {}, base::Bytes(kPageBytesMax + 1, 'p')}));
  base::Bytes outcome = encode(SnapshotAnswer{1, SnapshotAnswer::Outcome::kFailed, {}});
  outcome[3] = 4;
  EXPECT_FALSE(decode(outcome).ok());
}

Presence presence(std::size_t topic, std::size_t key, std::size_t body) {
  return {node(1),
          UINT64_MAX,
          std::string(topic, 't'),
          std::string(key, 'k'),
          kPresenceMillisMax,
          base::Bytes(body, 'b')};
}

TEST(MessageBounds, NamesAndBytesOfAPresence) {
  EXPECT_TRUE(decodes(presence(1, 1, 0)));
  EXPECT_TRUE(decodes(presence(128, 128, 768)));
  EXPECT_TRUE(decodes(presence(1, 1, 1'022)));
  EXPECT_FALSE(decodes(presence(1, 1, 1'023)));
  EXPECT_FALSE(decodes(presence(128, 128, 769)));
  EXPECT_FALSE(decodes(presence(0, 1, 1)));
  EXPECT_FALSE(decodes(presence(1, 0, 1)));
  EXPECT_FALSE(decodes(presence(129, 1, 1)));
  EXPECT_FALSE(decodes(presence(1, 129, 1)));
}

TEST(MessageBounds, ALifeOfAPresenceAndTheEndOfOne) {
  Presence longer = presence(1, 1, 1);
  ++longer.life;
  Presence ended = presence(1, 1, 0);
  ended.life = 0;
  Presence ended_with_body = presence(1, 1, 1);
  ended_with_body.life = 0;
  Presence no_text = presence(1, 1, 1);
  no_text.key = "\xFF";

  EXPECT_FALSE(decodes(longer));
  EXPECT_TRUE(decodes(ended));
  EXPECT_FALSE(decodes(ended_with_body));
  EXPECT_FALSE(decodes(no_text));
}

// It is never cut, so the largest one must fit a datagram of the default size.
TEST(MessageBounds, TheLargestPresenceFitsADatagram) {
  std::size_t largest = 0;
  for (std::size_t key : {1u, 31u, 32u, 128u}) {
    largest = std::max(largest, encode(presence(128, key, 1'024 - 128 - key)).size());
  }

  EXPECT_LE(largest, Packer::message_bytes_max(1200));
}

// Otherwise no agent could join a state that has this cell.
TEST(MessageBounds, APageHoldsTheLargestCellThatAChangeCanMake) {
  crdt::Change change;
  change.actor.bytes.fill(1);
  change.seq = 1;
  crdt::Effect effect;
  effect.slot = {"object", std::vector<std::string>(16, std::string(1'024, 'p')),
                 crdt::SlotType::kLwwRegister};
  effect.body = "small";
  change.effects = {effect, effect};  // the slot of the second takes no bytes
  std::size_t without = crdt::seal(change)->bytes.size();
  change.effects[1].body = base::Bytes(crdt::kChangeBytesMax - without, 'b');
  ASSERT_TRUE(crdt::seal(change).ok());

  crdt::Cell cell;
  cell.dot = {change.actor, change.seq, 1};
  cell.body = *change.effects[1].body;
  crdt::SnapshotPageBuilder page(UINT64_MAX, {UINT64_MAX, {UINT64_MAX, UINT64_MAX}},
                                 {INT64_MAX, UINT32_MAX});
  page.add(effect.slot, {&cell, 1});
  base::Bytes body = page.finish(true);

  EXPECT_LE(body.size(), kPageBytesMax);
  EXPECT_TRUE(decodes(SnapshotAnswer{UINT64_MAX, {}, body}));
  EXPECT_LE(encode(SnapshotAnswer{UINT64_MAX, {}, base::Bytes(kPageBytesMax, 'p')}).size(),
            kMessageBytesMax);
}

TEST(MessageBounds, AChangeOfTheLargestSizePasses) {
  EXPECT_TRUE(decodes(Push{{base::Bytes(crdt::kChangeBytesMax, 'c')}}));
  EXPECT_FALSE(decodes(Push{{base::Bytes(crdt::kChangeBytesMax + 1, 'c')}}));
}

TEST(MessageBounds, MessagesAPacket) {
  auto head = Writer().array(2 + 65).binary(node(1).view()).number(1).take();
  for (int i = 0; i < 65; ++i) head += encode(ChallengeAnswer{1});
  std::vector<base::Bytes> most(kMessagesPerPacket, encode(ChallengeAnswer{1}));

  EXPECT_FALSE(decode_packet(head).ok());
  EXPECT_TRUE(decode_packet(encode_packet(node(1), 1, most)).ok());
}

TEST(MessageBounds, NamesAndAddressesOfRecordsAreJudged) {
  auto with = [](std::string name, std::string address) {
    Writer out;
    out.array(2).number(5).array(6).binary(base::Bytes(16, 'n')).text(name).binary(address);
    out.number(1).number(1).number(1);
    return decode(out.take()).ok();
  };
  base::Bytes v4(6, '\1');

  EXPECT_TRUE(with("n1", v4));
  EXPECT_TRUE(with(std::string(64, 'x'), v4));
  EXPECT_TRUE(with("n1", base::Bytes(18, '\1')));
  EXPECT_FALSE(with(std::string(65, 'x'), v4));
  EXPECT_FALSE(with("a\tb", v4));
  EXPECT_FALSE(with("\xFF", v4));
  EXPECT_FALSE(with("n1", ""));
  EXPECT_FALSE(with("n1", base::Bytes(5, '\1')));
  EXPECT_FALSE(with("n1", base::Bytes(17, '\1')));
  EXPECT_FALSE(with("n1", base::Bytes(19, '\1')));
}

TEST(MessageBounds, FieldsOfTheWrongKindOrTooFewAreErrors) {
  EXPECT_FALSE(decode(Writer().array(1).number(4).take()).ok());
  EXPECT_FALSE(decode(Writer().array(2).number(4).nil().take()).ok());
  EXPECT_FALSE(decode(Writer().array(2).number(4).signed_number(-1).take()).ok());
  EXPECT_FALSE(decode(Writer().array(2).text("4").number(1).take()).ok());
  EXPECT_FALSE(decode(Writer().array(0).take()).ok());
  EXPECT_FALSE(decode(Writer().map(1).number(4).number(1).take()).ok());
  EXPECT_FALSE(decode(Writer().number(4).take()).ok());
  EXPECT_FALSE(decode(Writer().array(4).number(11).number(1).number(4).array(0).take()).ok());
  EXPECT_FALSE(decode("").ok());
  EXPECT_FALSE(decode(encode(ChallengeAnswer{1}) + encode(ChallengeAnswer{1})).ok());
}

TEST(MessageBounds, BombsAreRefusedCheaply) {
  EXPECT_FALSE(decode("\xdd\xff\xff\xff\xff").ok());
  EXPECT_FALSE(decode("\x92\x08\xdd\xff\xff\xff\xff").ok());
  EXPECT_FALSE(decode("\x92\x08\x91\xc6\xff\xff\xff\xff").ok());
  EXPECT_FALSE(decode(base::Bytes(1'000'000, '\x91')).ok());
  EXPECT_FALSE(decode_packet(base::Bytes(65'000, '\x91')).ok());
  EXPECT_FALSE(decode_packet(base::Bytes(70'000, '\x01')).ok());
  // Millions of tiny tokens in an unknown type.
  EXPECT_FALSE(
      decode("\x92\x7f\xdd" + base::Bytes("\x00\x0f\x42\x40", 4) + base::Bytes(1'000'000, '\x01'))
          .ok());
}

TEST(MessageBounds, EveryTruncationIsAnError) {
  for (const auto& message : samples()) {
    auto bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode(bytes.substr(0, size)).ok()) << message_name(message) << " " << size;
    }
  }
}

// A message that is accepted encodes to bytes that decode to an equal message.
TEST(MessageBounds, WhatMutationsLeaveValidIsStable) {
  auto random = base::Random::from_number(4);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto all = samples();
    auto bytes = encode(random.pick(all));
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      auto at = random.below(bytes.size());
      bytes[at] = static_cast<char>(random.below(256));
    }
    auto first = decode(bytes);
    if (!first.ok() || std::holds_alternative<std::monostate>(*first)) continue;
    ++accepted;
    auto second = decode(encode(std::get<Message>(*first)));
    ASSERT_TRUE(second.ok());
    ASSERT_EQ(std::get<Message>(*first), std::get<Message>(*second));
  }

  EXPECT_GT(accepted, 1'000);
}

}  // namespace
}  // namespace gossip::wire
