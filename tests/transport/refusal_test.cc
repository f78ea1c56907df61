#include "tests/transport/hosts.h"

namespace transport {
namespace {

using gossip::wire::SessionSeal;

class Refusal : public OnLoop {
 protected:
  base::Bytes first_message(std::uint64_t key) {
    SessionSeal seal(SessionSeal::Role::kInitiator, mesh_key(key), host_identity('S'), 1'000,
                     base::Random::from_number(7));
    return seal.start();
  }
};

TEST_F(Refusal, AWrongMeshKeyGetsNotOneByte) {
  Host& z = host('Z');
  int fd = raw_connection(z.address());

  raw_write(fd, first_message(2));

  ASSERT_TRUE(until([&] { return z.stats().handshakes_refused == 1; }));
  ASSERT_TRUE(cut(fd));
  EXPECT_EQ(z.stats().bytes_sent, 0u);
}

TEST_F(Refusal, AHostOfAnotherMeshIsNotLetIn) {
  Host& a = host('A', {}, any_port(), 2);
  Host& z = host('Z');

  a.send(z, "x");

  ASSERT_TRUE(until([&] { return a.sessions_closed.size() == 1; }));
  EXPECT_FALSE(a.last_opened);
  EXPECT_EQ(z.stats().handshakes_refused, 1u);
  EXPECT_EQ(z.stats().bytes_sent, 0u);
  EXPECT_EQ(a.stats().bytes_received, 0u);
  EXPECT_EQ(a.stats().frames_dropped, 1u);
  EXPECT_TRUE(z.frames.empty());
}

TEST_F(Refusal, GarbageIsCutAndCounted) {
  Host& z = host('Z');
  auto random = base::Random::from_number(3);
  for (std::uint64_t i = 1; i <= 30; ++i) {
    int fd = raw_connection(z.address());
    raw_write(fd, "\xFF" + random.bytes(2'000));
    ASSERT_TRUE(until([&] { return z.stats().handshakes_refused == i; }));
    EXPECT_TRUE(raw_read(fd).first.empty());
  }

  EXPECT_EQ(z.stats().bytes_sent, 0u);
}

TEST_F(Refusal, AHalfOpenHandshakeIsCutAtItsTime) {
  Options quick;
  quick.handshake_timeout_millis = 150;
  Host& z = host('Z', quick);
  auto first = first_message(1);
  int silent = raw_connection(z.address());
  int slow = raw_connection(z.address());
  int unfinished = raw_connection(z.address());
  raw_write(unfinished, first);

  // Sending a byte now and then does not give a connection more time.
  for (std::size_t i = 0; i < 10; ++i) {
    if (raw_read(slow).second) break;
    ::send(slow, first.data() + i, 1, MSG_NOSIGNAL);
    pass(30);
  }

  EXPECT_TRUE(cut(silent));
  EXPECT_TRUE(cut(slow));
  EXPECT_TRUE(cut(unfinished));
  EXPECT_EQ(z.stats().handshakes_refused, 3u);
}

TEST_F(Refusal, UnfinishedHandshakesOfOneAddressAreFewAndTheOldestGiveWay) {
  Options options;
  options.handshakes_per_ip_max = 3;
  Host& z = host('Z', options);
  std::vector<int> all;
  for (int i = 0; i < 6; ++i) all.push_back(raw_connection(z.address()));

  ASSERT_TRUE(until([&] { return z.stats().handshakes_refused == 3; }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(cut(all[static_cast<std::size_t>(i)]));
  for (int i = 3; i < 6; ++i) EXPECT_FALSE(raw_read(all[static_cast<std::size_t>(i)]).second);
  EXPECT_EQ(z.stats().handshakes_displaced, 3u);
}

TEST_F(Refusal, UnfinishedHandshakesAreFewInAll) {
  Options options;
  options.handshakes_max = 2;
  Host& z = host('Z', options);
  for (int i = 0; i < 5; ++i) raw_connection(z.address());

  EXPECT_TRUE(until([&] { return z.stats().handshakes_refused == 3; }));
}

// A recorded first message causes no public-key work and gets no answer.
TEST_F(Refusal, AFirstMessageThatComesAgainGetsNoAnswer) {
  Host& z = host('Z');
  auto first = first_message(1);
  int opener = raw_connection(z.address());
  raw_write(opener, first);
  ASSERT_TRUE(until([&] { return z.stats().bytes_sent > 0; }));
  auto sent = z.stats().bytes_sent;

  int recording = raw_connection(z.address());
  raw_write(recording, first);

  EXPECT_TRUE(cut(recording));
  EXPECT_EQ(z.stats().bytes_sent, sent);
  EXPECT_FALSE(raw_read(opener).second);
}

// Places become free again: after the flood a peer gets in.
TEST_F(Refusal, AFloodOfHalfOpenHandshakesPasses) {
  Options options;
  options.handshakes_per_ip_max = 4;
  options.handshake_timeout_millis = 150;
  Host& a = host('A');
  Host& z = host('Z', options);
  for (int i = 0; i < 50; ++i) raw_connection(z.address());
  ASSERT_TRUE(until([&] { return z.stats().handshakes_refused == 50; }));

  a.send(z, "x");

  EXPECT_TRUE(until([&] { return z.frames.size() == 1; }));
}

TEST_F(Refusal, EstablishedSessionsAreNotCountedAsHandshakes) {
  Options options;
  options.handshakes_per_ip_max = 1;
  Host& z = host('Z', options);
  for (char letter = 'A'; letter < 'F'; ++letter) {
    Host& peer = host(letter);
    peer.send(z, "x");
    ASSERT_TRUE(
        until([&] { return z.frames.size() == static_cast<std::size_t>(letter - 'A' + 1); }));
  }

  EXPECT_EQ(z.stats().handshakes_refused, 0u);
}

TEST_F(Refusal, ABrokenFrameEndsTheSession) {
  Host& z = host('Z');
  auto peer = host_identity('S');
  SessionSeal seal(SessionSeal::Role::kInitiator, mesh_key(1), peer, 1'000,
                   base::Random::from_number(7));
  int fd = raw_connection(z.address());
  raw_write(fd, seal.start());
  std::vector<base::Bytes> none;
  base::Bytes out;
  ASSERT_TRUE(until([&] {
    auto bytes = raw_read(fd).first;
    return seal.receive(bytes, none, out) && seal.established();
  }));
  raw_write(fd, out + seal.seal("good"));
  ASSERT_TRUE(until([&] { return z.frames.size() == 1; }));
  auto broken = seal.seal("broken");
  broken.back() = static_cast<char>(broken.back() ^ 1);

  raw_write(fd, broken);

  EXPECT_TRUE(cut(fd));
  ASSERT_TRUE(until([&] { return z.sessions_closed.size() == 1; }));
  EXPECT_EQ(z.sessions_closed[0], peer.node);
}

TEST_F(Refusal, GarbageDatagramsReachTheirJudgeWhole) {
  Host& a = host('A');
  Host& z = host('Z');

  a.transport->send_datagram(z.address(), "");
  a.transport->send_datagram(z.address(), base::Bytes(60'000, 'g'));

  ASSERT_TRUE(until([&] { return z.datagrams.size() == 2; }));
  EXPECT_EQ(z.datagrams[0].second, "");
  EXPECT_EQ(z.datagrams[1].second.size(), 60'000u);
}

}  // namespace
}  // namespace transport
