#include "gossip/transport/transport.h"

#include "tests/transport/hosts.h"

namespace transport {
namespace {

class TransportTest : public OnLoop {};

TEST_F(TransportTest, DatagramsPassBothWaysWithTheirSender) {
  Host& a = host('A');
  Host& z = host('Z');

  a.transport->send_datagram(z.address(), "to z");
  z.transport->send_datagram(a.address(), base::Bytes(1'200, 'x'));

  ASSERT_TRUE(until([&] { return z.datagrams.size() == 1 && a.datagrams.size() == 1; }));
  EXPECT_EQ(z.datagrams[0], std::make_pair(a.address(), base::Bytes("to z")));
  EXPECT_EQ(a.datagrams[0], std::make_pair(z.address(), base::Bytes(1'200, 'x')));
}

TEST_F(TransportTest, ABurstOfDatagramsArrives) {
  Host& a = host('A');
  Host& z = host('Z');
  for (int i = 0; i < 500; ++i) a.transport->send_datagram(z.address(), std::to_string(i));

  EXPECT_TRUE(until([&] { return z.datagrams.size() + a.stats().datagrams_dropped >= 500; }));
  EXPECT_EQ(z.datagrams.front().second, "0");
}

TEST_F(TransportTest, ADatagramThatCannotBeSentIsCounted) {
  Host& a = host('A');

  a.transport->send_datagram(*Address::parse("[::1]:7700"), "wrong family");
  a.transport->send_datagram(a.address(), base::Bytes(70'000, 'x'));

  EXPECT_EQ(a.stats().datagrams_dropped, 2u);
}

TEST_F(TransportTest, FramesOfEverySizePassInOrder) {
  Host& a = host('A');
  Host& z = host('Z');
  std::vector<std::size_t> sizes = {0, 1, 65'535, 65'536, 65'537, 1'000'000, 20'000'000, 3};

  for (auto size : sizes) {
    EXPECT_TRUE(a.send(z, base::Bytes(size, 'a')));
    EXPECT_TRUE(z.send(a, base::Bytes(size, 'z')));
  }

  ASSERT_TRUE(
      until([&] { return z.frames.size() == sizes.size() && a.frames.size() == sizes.size(); }));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(z.frames[i].first, a.node);
    EXPECT_TRUE(z.frames[i].second == base::Bytes(sizes[i], 'a')) << sizes[i];
    EXPECT_TRUE(a.frames[i].second == base::Bytes(sizes[i], 'z')) << sizes[i];
  }
  EXPECT_EQ(a.stats().frames_dropped, 0u);
}

TEST_F(TransportTest, ThreeHostsTalkWithEachOther) {
  Host* all[] = {&host('A'), &host('M'), &host('Z')};
  for (Host* from : all) {
    for (Host* to : all) {
      if (from == to) continue;
      EXPECT_TRUE(from->send(*to, from->node.hex()));
    }
  }

  EXPECT_TRUE(until([&] {
    return all[0]->frames.size() == 2 && all[1]->frames.size() == 2 && all[2]->frames.size() == 2;
  }));
  for (Host* to : all) {
    for (const auto& [from, message] : to->frames) EXPECT_EQ(message, from.hex());
  }
}

TEST_F(TransportTest, ASessionIsUsedAgainAndInTheOtherDirection) {
  Host& a = host('A');
  Host& z = host('Z');
  a.send(z, "one");
  ASSERT_TRUE(until([&] { return z.frames.size() == 1; }));

  z.send(a, "two");
  a.send(z, "three");

  ASSERT_TRUE(until([&] { return z.frames.size() == 2 && a.frames.size() == 1; }));
  EXPECT_EQ(a.stats().sessions_opened + z.stats().sessions_opened, 1u);
  EXPECT_EQ(a.stats().sessions_accepted + z.stats().sessions_accepted, 1u);
}

TEST_F(TransportTest, AReceiverMayAnswerFromItsHandler) {
  Host& a = host('A');
  Host& z = host('Z');
  z.on_frame = [&](const NodeId&, base::BytesView bytes) { z.send(a, base::Bytes(bytes)); };

  for (int i = 0; i < 100; ++i) a.send(z, std::to_string(i));

  ASSERT_TRUE(until([&] { return a.frames.size() == 100; }));
  EXPECT_EQ(a.frames[99].second, "99");
}

TEST_F(TransportTest, AHandlerMayCloseTheTransport) {
  Host& a = host('A');
  Host& z = host('Z');
  int received = 0;
  bool closed = false;
  z.on_frame = [&](const NodeId&, base::BytesView) {
    if (++received == 1) z.transport->close([&] { closed = true; });
  };
  for (int i = 0; i < 5; ++i) a.send(z, "stop");

  ASSERT_TRUE(until([&] { return closed; }));
  EXPECT_EQ(received, 1);
  z.transport.reset();
}

TEST_F(TransportTest, Ipv6Works) {
  Host& a = host('A', {}, *Address::parse("[::1]:0"));
  Host& z = host('Z', {}, *Address::parse("[::1]:0"));

  a.transport->send_datagram(z.address(), "datagram");
  a.send(z, "frame");

  ASSERT_TRUE(until([&] { return z.datagrams.size() == 1 && z.frames.size() == 1; }));
  EXPECT_EQ(z.datagrams[0].first, a.address());
}

TEST_F(TransportTest, AnIpv6WildcardHearsIpv4) {
  Host& a = host('A');
  Host& z = host('Z', {}, *Address::parse("[::]:0"));
  auto z_v4 = *Address::parse("127.0.0.1:" + std::to_string(z.address().port));

  a.transport->send_datagram(z_v4, "there");
  a.transport->send_frame(z.node, z_v4, "frame");
  ASSERT_TRUE(until([&] { return z.datagrams.size() == 1 && z.frames.size() == 1; }));
  z.transport->send_datagram(z.datagrams[0].first, "back");

  EXPECT_EQ(z.datagrams[0].first, a.address());
  EXPECT_TRUE(until([&] { return a.datagrams.size() == 1; }));
}

TEST_F(TransportTest, PortZeroBindsOnePortForBoth) {
  Host& a = host('A');

  EXPECT_NE(a.address().port, 0);
  EXPECT_EQ(a.address().text(), "127.0.0.1:" + std::to_string(a.address().port));
}

TEST_F(TransportTest, APortInUseIsAConflictThatNamesIt) {
  Host& a = host('A');
  Host second;

  auto opened = open(second, 'Z', a.address(), {}, 1);

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::kConflict);
  EXPECT_NE(opened.error().message.find(a.address().text()), std::string::npos);
}

TEST_F(TransportTest, APortInUseByUdpAloneIsAConflict) {
  base::Error error{base::Code::kInternal, ""};
  Address taken;
  // Another process may have the TCP port with the number that the kernel gives us for UDP. Then we
  // try again.
  for (int i = 0; i < 20 && error.message.find("udp") == std::string::npos; ++i) {
    taken = raw_datagram_socket();
    Host second;
    auto opened = open(second, 'Z', taken, {}, 1);
    ASSERT_FALSE(opened.ok());
    error = opened.error();
  }

  EXPECT_EQ(error.code, base::Code::kConflict);
  EXPECT_NE(error.message.find("udp " + taken.text()), std::string::npos) << error.message;
}

TEST_F(TransportTest, AnAddressOfNobodyHereIsInvalid) {
  Host nobody;

  auto opened = open(nobody, 'Z', *Address::parse("192.0.2.1:0"), {}, 1);

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::kInvalid);
}

TEST_F(TransportTest, AClosedPortCanBeBoundAgainAtOnce) {
  Host& a = host('A');
  Host& z = host('Z');
  z.send(a, "x");
  ASSERT_TRUE(until([&] { return a.frames.size() == 1; }));
  auto address = a.address();
  close(a);

  Host& again = host('A', {}, address);

  EXPECT_EQ(again.address(), address);
}

}  // namespace
}  // namespace transport
