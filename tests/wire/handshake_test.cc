#include "gossip/wire/handshake.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "crdt/codec.h"
#include "tests/wire/session_pair.h"

namespace gossip::wire {
namespace {

// Feeds more bytes after the changed ones. So a message whose length was made larger gets the bytes
// that it waits for.
bool ends_in_failure(SessionSeal& seal, base::BytesView bytes) {
  if (!feed(seal, bytes).good) return true;
  return !feed(seal, base::Bytes(70'000, 'f')).good;
}

TEST(Handshake, EachLearnsWhoTheOtherIs) {
  Pair pair;

  ASSERT_TRUE(pair.a.established());
  ASSERT_TRUE(pair.z.established());
  EXPECT_EQ(pair.a.peer(), identity('Z').node);
  EXPECT_EQ(pair.z.peer(), identity('A').node);
  EXPECT_EQ(pair.a.peer_signing_key(), identity('Z').signing.public_key);
  EXPECT_EQ(pair.z.peer_signing_key(), identity('A').signing.public_key);
}

TEST(Handshake, TheResponderSpeaksOnlyWhenSpokenTo) {
  auto z = responder(1);

  EXPECT_TRUE(z.start().empty());
  EXPECT_FALSE(z.established());
}

TEST(Handshake, TheFirstMessageHasTheDocumentedLayout) {
  auto key = session_key(1);
  auto first = initiator(1).start();

  ASSERT_EQ(first.size(), 2u + 1 + 4 + 32 + 16);
  EXPECT_EQ(first.substr(0, 3), base::Bytes("\x00\x35\x01", 3));
  EXPECT_EQ(base::read_be32(first.data() + 3), key.key_id);
}

TEST(Handshake, WorksByteByByte) {
  auto a = initiator(1);
  auto z = responder(2);
  auto deliver = [](SessionSeal& to, const base::Bytes& bytes) {
    base::Bytes out;
    for (char byte : bytes) {
      auto received = feed(to, {&byte, 1});
      EXPECT_TRUE(received.good);
      out += received.out;
    }
    return out;
  };

  auto second = deliver(z, a.start());
  auto third = deliver(a, second);
  deliver(z, third);

  EXPECT_TRUE(a.established());
  EXPECT_TRUE(z.established());
}

TEST(Handshake, EveryFlippedBitOfTheFirstMessageEndsItWithoutAnAnswer) {
  auto first = initiator(1).start();
  for (std::size_t i = 0; i < first.size() * 8; ++i) {
    auto changed = first;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    auto z = responder(2);

    auto received = feed(z, changed);
    if (received.good) received = feed(z, base::Bytes(2'000, 'f'));

    EXPECT_FALSE(received.good) << "bit " << i;
    EXPECT_TRUE(received.out.empty()) << "bit " << i;
    EXPECT_FALSE(z.failure().empty());
  }
}

TEST(Handshake, EveryFlippedBitOfTheSecondMessageEndsIt) {
  Pair good;
  for (std::size_t i = 0; i < good.second.size() * 8; ++i) {
    auto changed = good.second;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    auto a = initiator(1);
    ASSERT_EQ(a.start(), good.first);

    EXPECT_TRUE(ends_in_failure(a, changed)) << "bit " << i;
    EXPECT_FALSE(a.established()) << "bit " << i;
  }
}

TEST(Handshake, EveryFlippedBitOfTheThirdMessageEndsIt) {
  Pair good;
  for (std::size_t i = 0; i < good.third.size() * 8; ++i) {
    auto changed = good.third;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    auto z = responder(1'001);
    ASSERT_EQ(feed(z, good.first).out, good.second);

    EXPECT_TRUE(ends_in_failure(z, changed)) << "bit " << i;
    EXPECT_FALSE(z.established()) << "bit " << i;
  }
}

TEST(Handshake, ATruncatedMessageOnlyWaits) {
  auto first = initiator(1).start();
  for (std::size_t size = 0; size < first.size(); ++size) {
    auto z = responder(2);

    auto received = feed(z, first.substr(0, size));

    EXPECT_TRUE(received.good);
    EXPECT_TRUE(received.out.empty());
    EXPECT_FALSE(z.established());
  }
}

TEST(Handshake, AnotherMeshKeyGetsNoAnswer) {
  auto stranger = initiator(1, session_key(2));
  auto z = responder(2);

  auto received = feed(z, stranger.start());

  EXPECT_FALSE(received.good);
  EXPECT_TRUE(received.out.empty());
  EXPECT_EQ(z.failure(), "another mesh key");
}

// When the key id of a stranger happens to be ours, only the MAC keeps the stranger from causing
// public-key work.
TEST(Handshake, AnEqualKeyIdAloneGetsNoAnswer) {
  auto key = session_key(2);
  key.key_id = session_key(1).key_id;
  auto stranger = initiator(1, key);
  auto z = responder(2);

  auto received = feed(z, stranger.start());

  EXPECT_FALSE(received.good);
  EXPECT_TRUE(received.out.empty());
  EXPECT_EQ(z.failure(), "a first message that the mesh key did not make");
}

TEST(Handshake, GarbageEndsAtItsFirstTwoBytes) {
  for (base::BytesView garbage : {"GET / HTTP/1.1\r\n", "\x16\x03\x01", "\xFF\xFF", "SSH-2.0"}) {
    auto z = responder(1);

    auto received = feed(z, garbage);

    EXPECT_FALSE(received.good) << garbage;
    EXPECT_TRUE(received.out.empty());
  }
}

// The recorded first message gets an answer, because it is valid. The recorded third message does
// not fit the fresh key of that answer.
TEST(Handshake, AReplayedExchangeDoesNotEstablish) {
  Pair recorded;
  auto z = responder(77);

  auto answer = feed(z, recorded.first);
  EXPECT_NE(answer.out, recorded.second);

  EXPECT_FALSE(feed(z, recorded.third).good);
  EXPECT_FALSE(z.established());
}

TEST(Handshake, OwnMessagesSentBackEndIt) {
  auto a = initiator(1);
  auto first = a.start();
  EXPECT_TRUE(ends_in_failure(a, first));

  Pair pair;
  auto z = responder(1'001);
  auto second = feed(z, pair.first).out;
  EXPECT_TRUE(ends_in_failure(z, second));
}

// A member has the mesh key, but claims a signing key that is not its own.
TEST(Handshake, AnotherOnesSigningKeyCannotBeClaimed) {
  auto claims = identity('M');
  claims.signing.public_key = identity('Z').signing.public_key;
  auto as_responder = SessionSeal(SessionSeal::Role::kResponder, session_key(1), claims,
                                  kTestMessageMax, base::Random::from_number(1));
  auto as_initiator = SessionSeal(SessionSeal::Role::kInitiator, session_key(1), claims,
                                  kTestMessageMax, base::Random::from_number(2));
  auto a = initiator(3);
  auto z = responder(4);

  auto answer = feed(as_responder, a.start()).out;
  EXPECT_FALSE(feed(a, answer).good);
  EXPECT_EQ(a.failure(), "an identity with a wrong signature");

  auto second = feed(z, as_initiator.start()).out;
  EXPECT_FALSE(feed(z, feed(as_initiator, second).out).good);
  EXPECT_EQ(z.failure(), "an identity with a wrong signature");
}

// Somebody passes our first message to our own listener, and its answer back to us.
TEST(Handshake, ASessionWithOurselvesIsRefused) {
  auto a = initiator(1);
  SessionSeal also_a(SessionSeal::Role::kResponder, session_key(1), identity('A'), kTestMessageMax,
                     base::Random::from_number(2));

  auto second = feed(also_a, a.start());
  ASSERT_TRUE(second.good);
  auto third = feed(a, second.out);

  EXPECT_FALSE(third.good);
  EXPECT_TRUE(third.out.empty());
  EXPECT_EQ(a.failure(), "a session with ourselves");
}

// With a point of small order the shared secret is zero, whatever our key is.
TEST(Handshake, AnEphemeralKeyOfSmallOrderIsRefused) {
  Pair good;
  for (auto point : {base::Bytes(32, '\0'), base::Bytes(1, '\1') + base::Bytes(31, '\0')}) {
    auto a = initiator(1);
    a.start();
    auto changed = good.second;
    changed.replace(2, 32, point);

    EXPECT_FALSE(feed(a, changed).good);
    EXPECT_EQ(a.failure(), "an ephemeral key of small order");
  }
}

// A later version may add fields to the first message. They are skipped.
TEST(Handshake, FieldsOfLaterVersionsInTheFirstMessageAreSkipped) {
  auto key = session_key(1);
  auto first = initiator(1).start();
  auto longer = first.substr(0, first.size() - 16) + "later";
  longer[1] = static_cast<char>(longer.size() - 2 + 16);
  base::Bytes secret(reinterpret_cast<const char*>(key.secret.data()), key.secret.size());
  auto mac_key = base::hash256("hearsay session 1: first message", secret);
  base::Bytes mac(16, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(mac.data()), mac.size(),
                     reinterpret_cast<const unsigned char*>(longer.data()), longer.size(),
                     mac_key.data(), mac_key.size());
  auto z = responder(2);

  auto received = feed(z, longer + mac);

  EXPECT_TRUE(received.good);
  EXPECT_FALSE(received.out.empty());
}

TEST(Handshake, IdentitiesMayGrow) {
  using crdt::codec::Writer;
  auto inner =
      Writer().array(3).binary(base::Bytes(16, 'n')).binary(base::Bytes(32, 'k')).nil().take();
  auto outer = Writer().array(3).binary(inner).binary(base::Bytes(64, 's')).text("later").take();

  auto identity = decode_identity(outer);

  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->node.view(), base::Bytes(16, 'n'));
  EXPECT_EQ(identity->signed_bytes, inner);
}

TEST(Handshake, MalformedIdentitiesAreRefused) {
  using crdt::codec::Writer;
  auto with = [](std::size_t node, std::size_t key, std::size_t signature) {
    auto inner =
        Writer().array(2).binary(base::Bytes(node, 'n')).binary(base::Bytes(key, 'k')).take();
    return Writer().array(2).binary(inner).binary(base::Bytes(signature, 's')).take();
  };

  EXPECT_TRUE(decode_identity(with(16, 32, 64)));
  EXPECT_FALSE(decode_identity(with(15, 32, 64)));
  EXPECT_FALSE(decode_identity(with(16, 31, 64)));
  EXPECT_FALSE(decode_identity(with(16, 33, 64)));
  EXPECT_FALSE(decode_identity(with(16, 32, 63)));
  EXPECT_FALSE(decode_identity(with(16, 32, 65)));
  EXPECT_FALSE(decode_identity(with(16, 32, 64) + "x"));
  EXPECT_FALSE(decode_identity(""));
  EXPECT_FALSE(decode_identity("\x90"));
  EXPECT_FALSE(decode_identity("\xdd\xff\xff\xff\xff"));
}

}  // namespace
}  // namespace gossip::wire
