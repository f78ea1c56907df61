#include "gossip/wire/session_seal.h"

#include <gtest/gtest.h>

#include "crdt/base/hash.h"
#include "tests/wire/session_pair.h"

namespace gossip::wire {
namespace {

using testing::Test;

TEST(SessionSeal, MessagesPassBothWays) {
  Pair pair;
  for (int i = 0; i < 50; ++i) {
    auto there = feed(pair.z, pair.a.seal("to z " + std::to_string(i)));
    auto back = feed(pair.a, pair.z.seal("to a " + std::to_string(i)));

    ASSERT_EQ(there.messages, std::vector<base::Bytes>{"to z " + std::to_string(i)});
    ASSERT_EQ(back.messages, std::vector<base::Bytes>{"to a " + std::to_string(i)});
  }
}

TEST(SessionSeal, EverySizeAroundTheFrameBoundPasses) {
  Pair pair;
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, kFramePlainMax - 1, kFramePlainMax,
                           kFramePlainMax + 1, 3 * kFramePlainMax, kTestMessageMax}) {
    base::Bytes message(size, 'm');

    auto received = feed(pair.z, pair.a.seal(message));

    ASSERT_TRUE(received.good) << size;
    ASSERT_EQ(received.messages.size(), 1u) << size;
    EXPECT_EQ(received.messages[0], message);
  }
}

TEST(SessionSeal, TwentyMegabytesPass) {
  Pair pair(1, 25u << 20);
  auto random = base::Random::from_number(5);
  auto message = random.bytes(20'000'000);

  auto received = feed(pair.z, pair.a.seal(message));

  ASSERT_EQ(received.messages.size(), 1u);
  EXPECT_EQ(received.messages[0], message);
}

TEST(SessionSeal, AnyChunkingGivesTheSameMessages) {
  auto random = base::Random::from_number(9);
  for (int round = 0; round < 30; ++round) {
    Pair pair;
    std::vector<base::Bytes> sent;
    base::Bytes stream;
    for (int i = 0; i < 6; ++i) {
      std::size_t size = random.below(random.chance(3) ? 200'000 : 50);
      sent.push_back(random.bytes(size));
      stream += pair.a.seal(sent.back());
    }

    std::vector<base::Bytes> received;
    std::size_t at = 0;
    while (at < stream.size()) {
      std::size_t most = random.chance(2) ? 10 : 100'000;
      std::size_t size = 1 + random.below(most);
      auto part = feed(pair.z, base::BytesView(stream).substr(at, size));
      ASSERT_TRUE(part.good);
      for (auto& message : part.messages) received.push_back(std::move(message));
      at += size;
    }

    EXPECT_EQ(received, sent);
  }
}

TEST(SessionSeal, FramesMayFollowTheHandshakeInOneChunk) {
  auto a = initiator(1);
  auto z = responder(2);
  auto second = feed(z, a.start()).out;
  auto third = feed(a, second).out;

  auto received = feed(z, third + a.seal("at once"));

  EXPECT_EQ(received.messages, std::vector<base::Bytes>{"at once"});
}

TEST(SessionSeal, EveryFlippedBitOfAFrameEndsTheSession) {
  auto size = Pair().a.seal("a message").size();
  for (std::size_t i = 0; i < size * 8; ++i) {
    Pair pair;
    auto frame = pair.a.seal("a message");
    frame[i / 8] = static_cast<char>(frame[i / 8] ^ (1 << (i % 8)));

    auto received = feed(pair.z, frame);
    if (received.good) received = feed(pair.z, pair.a.seal(base::Bytes(100'000, 'f')));

    EXPECT_FALSE(received.good) << "bit " << i;
    EXPECT_TRUE(received.messages.empty()) << "bit " << i;
  }
}

TEST(SessionSeal, AFrameRepeatedLeftOutOrMovedEndsTheSession) {
  Pair repeated;
  auto frame = repeated.a.seal("one");
  EXPECT_TRUE(feed(repeated.z, frame).good);
  EXPECT_FALSE(feed(repeated.z, frame).good);

  Pair left_out;
  left_out.a.seal("one");
  EXPECT_FALSE(feed(left_out.z, left_out.a.seal("two")).good);

  Pair moved;
  auto one = moved.a.seal("one");
  auto two = moved.a.seal("two");
  EXPECT_FALSE(feed(moved.z, two + one).good);
}

TEST(SessionSeal, AFragmentCannotBeMadeTheLast) {
  Pair pair;
  auto frames = pair.a.seal(base::Bytes(kFramePlainMax + 10, 'm'));
  frames[0] = static_cast<char>(frames[0] | '\x80');

  EXPECT_FALSE(feed(pair.z, frames).good);
}

TEST(SessionSeal, AFrameSentBackDoesNotOpen) {
  Pair pair;

  EXPECT_FALSE(feed(pair.a, pair.a.seal("mirror")).good);
}

TEST(SessionSeal, AFrameOfAnotherSessionDoesNotOpen) {
  Pair one(1);
  Pair two(2);

  EXPECT_FALSE(feed(two.z, one.a.seal("x")).good);
  EXPECT_EQ(two.z.failure(), "a frame that does not open");
}

TEST(SessionSeal, AMessageAboveTheBoundEndsTheSessionBeforeItIsStored) {
  auto a = initiator(1, session_key(1), 1'000'000);
  auto z = responder(2, session_key(1), 100'000);
  auto second = feed(z, a.start()).out;
  auto third = feed(a, second).out;
  feed(z, third);

  EXPECT_TRUE(feed(z, a.seal(base::Bytes(100'000, 'm'))).good);
  auto received = feed(z, a.seal(base::Bytes(100'001, 'm')));

  EXPECT_FALSE(received.good);
  EXPECT_TRUE(received.messages.empty());
  EXPECT_EQ(z.failure(), "a frame or message above its bound");
}

TEST(SessionSeal, HeadersAboveTheFrameBoundEndTheSessionAtOnce) {
  for (base::BytesView header :
       {base::BytesView("\x00\x01\x00\x01", 4), base::BytesView("\x80\x01\x00\x01", 4),
        base::BytesView("\x7F\xFF\xFF\xFF", 4), base::BytesView("\xFF\xFF\xFF\xFF", 4),
        // An empty frame that is not the last of its message.
        base::BytesView("\x00\x00\x00\x00", 4)}) {
    Pair pair;

    EXPECT_FALSE(feed(pair.z, header).good) << base::to_hex(header);
  }
}

TEST(SessionSeal, KeysDependOnChance) {
  Pair one(1);
  Pair two(2);

  EXPECT_NE(one.first, two.first);
  EXPECT_NE(one.a.seal("x"), two.a.seal("x"));
}

TEST(SessionSeal, SealingBeforeTheHandshakeIsOurFault) {
  auto a = initiator(1);

  EXPECT_DEATH((void)a.seal("x"), "CHECK failed");
}

// The whole exchange is a format; this test fails when any part of it changes.
TEST(SessionSeal, GoldenExchange) {
  Pair pair(1);
  auto frames = pair.a.seal("to z") + pair.z.seal("to a");

  auto all = base::hash128(pair.first + pair.second + pair.third + frames);

  EXPECT_EQ(base::to_hex({reinterpret_cast<const char*>(all.data()), all.size()}),
            "ba21d4a827261eb337b8e3c115b1d087");
}

TEST(SigningKey, ComesFromTheSeedAlone) {
  EXPECT_EQ(SigningKey::from_seed(base::Bytes(32, 's')).public_key,
            SigningKey::from_seed(base::Bytes(32, 's')).public_key);
  EXPECT_NE(SigningKey::from_seed(base::Bytes(32, 's')).public_key,
            SigningKey::from_seed(base::Bytes(32, 't')).public_key);
}

}  // namespace
}  // namespace gossip::wire
