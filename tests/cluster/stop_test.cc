// An agent is told to stop. It must end in time, whatever it waits for and whatever other signals
// it gets.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/cluster/cluster.h"
#include "tests/support/lab.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;
constexpr Millis kStopWithin{5'000};  // what the service manager is promised

// A host on which every nameserver takes each question and answers none.
class SilentNameserver {
 public:
  SilentNameserver() {
    auto made = probe::Network::make();
    EXPECT_TRUE(made.ok());
    network_ = std::move(*made);
    probe::InNetwork there(network_.get());
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

  const probe::Network* network() const { return network_.get(); }
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
  std::unique_ptr<probe::Network> network_;
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

// Sends one every millisecond until `done`.
void send_until(AgentProcess& agent, const std::vector<int>& signals,
                const std::function<bool()>& done) {
  auto deadline = std::chrono::steady_clock::now() + kAgree;
  for (std::size_t i = 0; !done() && std::chrono::steady_clock::now() < deadline; ++i) {
    agent.process().signal(signals[i % signals.size()]);
    std::this_thread::sleep_for(Millis{1});
  }
}

TEST(Stop, IsNotCutShortByMoreSignals) {
  Cluster mesh(1);
  ASSERT_TRUE(add_snapshot(mesh[0], "s"));

  mesh[0].process().signal(SIGTERM);
  send_until(mesh[0], {SIGTERM, SIGINT, SIGHUP}, [&] { return !mesh[0].process().running(); });

  EXPECT_EQ(mesh[0].process().wait(kStopWithin), 0);
  EXPECT_NE(mesh[0].log().find(" stopped name="), std::string::npos) << mesh[0].log();
  ASSERT_TRUE(mesh[0].restart().ok());
  EXPECT_EQ(get_snapshot(mesh[0], "s"), "{}");
}

// The database of an agent was put back to an earlier state. The agent hears of later starts of its
// own node id, and opens its database again under a new node id, in the same process.
class StartingAgain : public ::testing::Test {
 protected:
  StartingAgain() {
    EXPECT_TRUE(mesh_.all_alive(2, kAgree)) << mesh_.states();
    fs::path kept = mesh_.folder() / "n2";
    write_and_stop("before");
    fs::copy(kept, mesh_.folder() / "copy", fs::copy_options::recursive);
    EXPECT_TRUE(agent_.restart().ok());
    write_and_stop("lost");
    fs::remove_all(kept);
    fs::copy(mesh_.folder() / "copy", kept, fs::copy_options::recursive);
    mesh_[0].process().signal(SIGSTOP);
    EXPECT_TRUE(agent_.restart().ok());
    EXPECT_TRUE(add_snapshot(agent_, "instead"));
    mesh_[0].process().signal(SIGCONT);
  }
  void write_and_stop(const std::string& id) {
    EXPECT_TRUE(add_snapshot(agent_, id));
    EXPECT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
    EXPECT_EQ(*agent_.stop(), 0);
  }
  bool said(const std::string& event, int times) const {
    std::string log = agent_.log();
    for (auto at = log.find(event); at != std::string::npos; at = log.find(event, at + 1)) --times;
    return times <= 0;
  }
  Cluster mesh_{2};
  AgentProcess& agent_ = mesh_[1];
};

TEST_F(StartingAgain, IsNotTheEndForAReload) {
  send_until(agent_, {SIGHUP},
             [&] { return said(" ready pid=", 2) || !agent_.process().running(); });

  EXPECT_TRUE(said(" opened_again ", 1)) << agent_.log();
  EXPECT_TRUE(said(" ready pid=", 2)) << agent_.log();
  EXPECT_TRUE(agent_.process().running()) << agent_.log();
  EXPECT_EQ(*agent_.stop(), 0);
}

TEST_F(StartingAgain, DoesNotLoseTheWordToStop) {
  ASSERT_TRUE(support::eventually(kAgree, [&] { return said(" opened_again ", 1); }));

  send_until(agent_, {SIGTERM}, [&] { return !agent_.process().running(); });

  EXPECT_EQ(agent_.process().wait(kStopWithin), 0) << agent_.log();
}

}  // namespace
}  // namespace cluster
