#include "tools/probe/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "tools/probe/connection.h"

namespace support {
namespace {

using probe::DatagramFaults;
using probe::Millis;
using probe::Relay;
using probe::RelayCounts;
using probe::StreamFaults;

// A plain socket on loopback, which the relay takes for an agent.
class Door {
 public:
  explicit Door(int type) : socket_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = address_of("127.0.0.1:0");
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Door() { ::close(socket_); }
  std::string address() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  void send(const std::string& to, const std::string& bytes) {
    sockaddr_in address = address_of(to);
    ::sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&address),
             sizeof address);
  }
  // Receives until nothing has come for 200 ms. Also gives the address from which the last datagram
  // came.
  std::vector<std::string> received() {
    std::vector<std::string> all;
    char buffer[2'000];
    pollfd one{socket_, POLLIN, 0};
    while (::poll(&one, 1, 200) > 0) {
      sockaddr_in source{};
      socklen_t length = sizeof source;
      ssize_t count = ::recvfrom(socket_, buffer, sizeof buffer, 0,
                                 reinterpret_cast<sockaddr*>(&source), &length);
      if (count < 0) break;
      all.emplace_back(buffer, static_cast<std::size_t>(count));
      last_source = "127.0.0.1:" + std::to_string(ntohs(source.sin_port));
    }
    return all;
  }
  int socket() const { return socket_; }
  std::string last_source;

 private:
  static sockaddr_in address_of(const std::string& text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1))));
    return address;
  }
  int socket_;
};

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() {
    relay_.attach(relay_.add(), a_.address());
    relay_.attach(relay_.add(), z_.address());
  }
  std::vector<std::string> send_to_z(int count) {
    for (int i = 0; i < count; ++i) {
      a_.send(relay_.front(1), std::to_string(i));
      if (i % 20 == 0) ::usleep(5'000);  // the sockets' buffers are small
    }
    return z_.received();
  }
  Door a_{SOCK_DGRAM};
  Door z_{SOCK_DGRAM};
  Relay relay_{1};
};

TEST_F(RelayTest, BothSeeEachOtherAtTheirFronts) {
  EXPECT_EQ(send_to_z(1), (std::vector<std::string>{"0"}));
  EXPECT_EQ(z_.last_source, relay_.front(0));

  z_.send(z_.last_source, "back");

  EXPECT_EQ(a_.received(), (std::vector<std::string>{"back"}));
  EXPECT_EQ(a_.last_source, relay_.front(1));
}

TEST_F(RelayTest, FaultsHappenAsOftenAsAskedAndAreCounted) {
  DatagramFaults faults;
  faults.loss = 200;
  faults.duplicate = 200;
  faults.corrupt = 100;
  faults.delay_max = Millis{20};
  relay_.set_all(faults);

  auto received = send_to_z(200);  // as many as a socket's buffer holds

  RelayCounts counts = relay_.counts();
  auto share = [](std::uint64_t part, std::uint64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  std::uint64_t sent = counts.lost + counts.passed - counts.duplicated;
  EXPECT_EQ(sent, 200u);
  EXPECT_NEAR(share(counts.lost, sent), 0.2, 0.1);
  EXPECT_NEAR(share(counts.duplicated, sent), 0.16, 0.1);
  EXPECT_NEAR(share(counts.corrupted, sent), 0.08, 0.06);
  EXPECT_EQ(received.size(), counts.passed);
  EXPECT_FALSE(std::is_sorted(received.begin(), received.end(), [](auto& a, auto& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }));
}

TEST_F(RelayTest, OneWayMayBeCutAndLongOnesLost) {
  DatagramFaults cut;
  cut.cut = true;
  relay_.set(0, 1, cut);

  EXPECT_TRUE(send_to_z(5).empty());
  z_.send(relay_.front(0), "passes");
  EXPECT_EQ(a_.received().size(), 1u);

  DatagramFaults narrow;
  narrow.length_max = 100;
  relay_.set_all(narrow);
  a_.send(relay_.front(1), std::string(101, 'x'));
  a_.send(relay_.front(1), std::string(100, 'x'));
  EXPECT_EQ(z_.received(), (std::vector<std::string>{std::string(100, 'x')}));
  EXPECT_EQ(relay_.counts().too_long, 1u);
  EXPECT_EQ(relay_.counts().cut, 5u);
}

TEST_F(RelayTest, ConnectionsPassAreDamagedAndCut) {
  Door server(SOCK_STREAM);
  ASSERT_EQ(::listen(server.socket(), 4), 0);
  relay_.attach(1, server.address());
  auto through = [&](const StreamFaults& faults, const std::string& bytes) {
    relay_.set_streams(faults);
    auto client = probe::Connection::open(relay_.front(1));
    EXPECT_TRUE(client.ok());
    probe::Connection accepted(::accept(server.socket(), nullptr, nullptr));
    EXPECT_TRUE((*client)->send(bytes, Millis{5'000}).ok());
    (*client)->finish_sending();
    while (true) {
      auto more = accepted.receive(Millis{5'000});
      if (!more.ok() || !*more) return accepted.buffer;
    }
  };
  std::string bytes(100'000, 'b');
  StreamFaults damage;
  damage.corrupt = 1'000;
  StreamFaults cut;
  cut.cut_at = 10'000;
  cut.bytes_a_turn = 1'000;

  EXPECT_EQ(through({}, bytes), bytes);
  std::string damaged = through(damage, bytes);
  EXPECT_EQ(damaged.size(), bytes.size());
  EXPECT_NE(damaged, bytes);
  EXPECT_LE(through(cut, bytes).size(), 11'000u);
}

}  // namespace
}  // namespace support
