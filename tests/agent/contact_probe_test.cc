#include "agent/contact_probe.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "gossip/transport/transport.h"
#include "tests/agent/test_loop.h"

namespace agent {
namespace {

gossip::wire::MeshKey key_of(char fill) {
  std::array<unsigned char, 32> secret;
  secret.fill(static_cast<unsigned char>(fill));
  return gossip::wire::MeshKey::from_secret(secret);
}

// A listener that takes one connection and sends `word`, or closes the connection.
class Door {
 public:
  Door() {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    socklen_t size = sizeof any;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &size);
    address_ = *gossip::Address::parse("127.0.0.1:" + std::to_string(ntohs(any.sin_port)));
  }
  ~Door() {
    if (thread_.joinable()) thread_.join();
    close(fd_);
  }
  void answer(const std::string& word) {
    thread_ = std::thread([this, word] {
      int peer = accept(fd_, nullptr, nullptr);
      char first[4'096];
      EXPECT_GT(recv(peer, first, sizeof first, 0), 0);
      if (!word.empty()) send(peer, word.data(), word.size(), MSG_NOSIGNAL);
      close(peer);
    });
  }
  const gossip::Address& address() const { return address_; }

 private:
  int fd_ = -1;
  gossip::Address address_;
  std::thread thread_;
};

class AskingAround : public ::testing::Test {
 protected:
  ~AskingAround() override {
    probe_.close();
    if (agent_) agent_->close([] {});
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  Contact ask(const gossip::Address& address) {
    std::optional<Contact> found;
    probe_.ask(address, [&](Contact contact) { found = contact; });
    while (!found) uv_run(&loop_, UV_RUN_ONCE);
    return *found;
  }
  gossip::Address start_agent(char key, const base::NodeId& node) {
    gossip::wire::SessionSeal::Identity identity{
        node, gossip::wire::SigningKey::from_seed(base::Bytes(32, 's'))};
    transport::Handlers handlers;
    handlers.on_datagram = [](const auto&, auto) {};
    handlers.on_frame = [](const auto&, auto) {};
    handlers.on_session_closed = [](const auto&, bool) {};
    auto opened =
        transport::Transport::open(&loop_, *gossip::Address::parse("127.0.0.1:0"), {}, key_of(key),
                                   identity, base::Random::from_number(1), std::move(handlers));
    EXPECT_TRUE(opened.ok());
    agent_ = std::move(*opened);
    return agent_->bound();
  }
  TestLoop loop_;
  static base::NodeId node(unsigned char first) {
    base::NodeId id;
    id.bytes[0] = first;
    return id;
  }
  base::NodeId self_ = node(1);
  std::unique_ptr<transport::Transport> agent_;
  ContactProbe probe_{&loop_, key_of('k'), self_, base::Random::from_number(2)};
};

TEST_F(AskingAround, NobodyListens) {
  gossip::Address address;
  { address = Door().address(); }
  EXPECT_EQ(ask(address), Contact::kNobody);
}

TEST_F(AskingAround, WhatClosesAtOurKeyHasAnotherOne) {
  Door door;
  door.answer("");
  EXPECT_EQ(ask(door.address()), Contact::kRefused);
}

TEST_F(AskingAround, AnAgentWithAnotherKeyRefusesOurs) {
  EXPECT_EQ(ask(start_agent('x', node(2))), Contact::kRefused);
}

TEST_F(AskingAround, AnAgentWithOurKeyIsToldFromOurselves) {
  EXPECT_EQ(ask(start_agent('k', node(2))), Contact::kSilentUdp);
  EXPECT_EQ(agent_->stats().sessions_accepted, 0u);
}

TEST_F(AskingAround, OurselvesAreKnown) {
  EXPECT_EQ(ask(start_agent('k', self_)), Contact::kOurselves);
}

TEST_F(AskingAround, AnotherProgramIsSeen) {
  Door door;
  door.answer("SSH-2.0-OpenSSH_9.2p1 Debian-2 and more than a hundred bytes of what is no agent" +
              std::string(200, '.'));
  EXPECT_EQ(ask(door.address()), Contact::kOtherProgram);
}

TEST_F(AskingAround, WhoSaysNothingIsNoAnswer) {
  Door door;  // the kernel takes the connection
  EXPECT_EQ(ask(door.address()), Contact::kNoAnswer);
}

TEST_F(AskingAround, ALinkLocalAddressNeedsItsInterface) {
  EXPECT_EQ(ask(*gossip::Address::parse("[fe80::1]:7700")), Contact::kNoInterface);
}

TEST_F(AskingAround, IsBoundedAndEndsWithTheAgent) {
  Door door;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kContactsAtOnceMax + 3; ++i) {
    probe_.ask(door.address(),
               [&](Contact contact) { refused += contact == Contact::kNotAsked ? 1 : 0; });
  }
  EXPECT_EQ(refused, 3u);
}

}  // namespace
}  // namespace agent
