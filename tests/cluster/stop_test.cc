// The end of an agent that was told to stop, whatever it waits for and whatever else it is told.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "tests/cluster/cluster.h"
#include "tests/support/lab.h"

namespace cluster {
namespace {

constexpr Millis kStopWithin{5'000};  // what the service manager is promised

// A host whose nameserver, whichever it is, takes every question and answers none.
class SilentNameserver {
 public:
  SilentNameserver() {
    auto made = support::Network::make();
    EXPECT_TRUE(made.ok());
    network_ = std::move(*made);
    support::InNetwork there(network_.get());
    tell({"ip", "link", "set", "lo", "up"});
    tell({"ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo"});  // every address is this host
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(53);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  }
  ~SilentNameserver() { ::close(socket_); }
  SilentNameserver(const SilentNameserver&) = delete;
  SilentNameserver& operator=(const SilentNameserver&) = delete;

  const support::Network* network() const { return network_.get(); }
  bool was_asked() const {
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  }

 private:
  static void tell(const std::vector<std::string>& arguments) {
    support::Command command;
    command.arguments = arguments;
    auto outcome = support::run(command);
    EXPECT_TRUE(outcome.ok() && outcome->status == 0) << arguments[1];
  }
  std::unique_ptr<support::Network> network_;
  int socket_ = -1;
};

TEST(Stop, DoesNotWaitForANameserverThatIsSilent) {
  std::string missing = support::Lab::missing();
  if (!missing.empty()) GTEST_SKIP() << missing;
  SilentNameserver host;
  Cluster mesh(0);
  auto options = mesh.usual("n1");
  options.network = host.network();
  options.join = {"a.example:7700", "b.example:7700", "c.example:7700", "d.example:7700"};
  AgentProcess& agent = mesh.add(options);
  ASSERT_TRUE(support::eventually(Millis{5'000}, [&] { return host.was_asked(); }));

  auto start = std::chrono::steady_clock::now();
  agent.process().signal(SIGTERM);
  auto status = agent.process().wait(Millis{60'000});
  auto took = std::chrono::steady_clock::now() - start;

  EXPECT_EQ(status, 0);
  EXPECT_LT(took, kStopWithin);
}

}  // namespace
}  // namespace cluster
