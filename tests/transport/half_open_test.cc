// Connections of outsiders without the mesh key must not take places that others need.

#include <deque>

#include "tests/transport/hosts.h"

namespace transport {
namespace {

constexpr std::uint64_t kSoon = 1'000;
constexpr std::size_t kHeldMax = 300;  // by us; the others were cut long before

enum class Kind { kSilent, kDrips, kGarbage };

class HalfOpen : public OnLoop, public testing::WithParamInterface<Kind> {
 protected:
  // Opens eight more connections, one from each of eight addresses, and sends single bytes on the
  // older ones.
  void annoy(const Address& at) {
    for (int i = 0; i < 8; ++i) {
      std::string source = "127.0.0." + std::to_string(i + 1) + ":0";
      int fd = raw_connection(at, source.c_str());
      ++opened_;
      // A valid length, then bytes that were not made with the key.
      if (GetParam() == Kind::kGarbage) raw_write(fd, base::Bytes("\0\x40", 2) + random_.bytes(40));
      held_.push_back(fd);
    }
    if (GetParam() == Kind::kDrips) {
      for (int fd : held_) ::send(fd, "\0", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    for (; held_.size() > kHeldMax; held_.pop_front()) {
      ::close(held_.front());
      std::erase(raw_, held_.front());
    }
  }
  // Opens 500 connections a second until the condition of the test holds.
  bool until_annoyed(const Address& at, const std::function<bool()>& content,
                     std::uint64_t millis) {
    std::uint64_t start = uv_now(&loop_);
    auto elapsed = [&] { return uv_now(&loop_) - start; };
    while (!content() && elapsed() < millis) {
      for (; due_ <= elapsed() + annoyed_; due_ += 16) annoy(at);
      until(content, 4);
    }
    annoyed_ += elapsed();
    return content();
  }
  std::deque<int> held_;
  std::uint64_t due_ = 0;
  std::uint64_t annoyed_ = 0;
  std::uint64_t opened_ = 0;
  base::Random random_ = base::Random::from_number(3);
};
INSTANTIATE_TEST_SUITE_P(Kinds, HalfOpen,
                         testing::Values(Kind::kSilent, Kind::kDrips, Kind::kGarbage));

TEST_P(HalfOpen, ConnectionsKeepNobodyOut) {
  Host& z = host('Z');
  z.members = {*Address::parse("127.0.0.7:1")};
  until_annoyed(
      z.address(), [] { return false; }, 1'500);

  for (char letter = 'A'; letter < 'E'; ++letter) {
    Host& peer = host(letter);
    std::size_t before = z.frames.size();
    peer.send(z, "x");
    EXPECT_TRUE(until_annoyed(
        z.address(), [&] { return z.frames.size() > before; }, kSoon));
  }

  EXPECT_GT(opened_, 700u);
  EXPECT_EQ(z.stats().bytes_sent > 0, true);
}

TEST_F(OnLoop, WhoSendsNoFirstMessageIsClosedAfterASecond) {
  Options options;
  options.first_message_millis = 150;
  Host& z = host('Z', options);
  int silent = raw_connection(z.address());

  EXPECT_TRUE(cut(silent, 1'000));
}

// This holds however many connections all other addresses have.
TEST_F(OnLoop, PlacesOfMembersAreReserved) {
  Options options;
  options.handshakes_max = 4;
  options.handshakes_per_ip_max = 100;
  Host& z = host('Z', options);
  z.members = {*Address::parse("127.0.0.9:7700")};
  int member = raw_connection(z.address(), "127.0.0.9:0");
  pass(20);

  for (int i = 0; i < 20; ++i) {
    std::string source = "127.0.0." + std::to_string(20 + i) + ":0";
    raw_connection(z.address(), source.c_str());
  }

  EXPECT_TRUE(until([&] { return z.stats().handshakes_displaced == 16; }));
  EXPECT_FALSE(raw_read(member).second);
}

// An address with many connections displaces its own connections, not those of others.
TEST_F(OnLoop, TheBusiestAddressGivesWay) {
  Options options;
  options.handshakes_max = 6;
  Host& z = host('Z', options);
  int alone = raw_connection(z.address(), "127.0.0.9:0");
  pass(20);

  for (int i = 0; i < 30; ++i) {
    raw_connection(z.address(), i % 2 == 0 ? "127.0.0.2:0" : "127.0.0.3:0");
  }

  EXPECT_TRUE(until([&] { return z.stats().handshakes_displaced == 25; }));
  EXPECT_FALSE(raw_read(alone).second);
}

}  // namespace
}  // namespace transport
