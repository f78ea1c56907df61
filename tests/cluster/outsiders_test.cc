// Attacks on a mesh of real agents that must fail: an outsider sends recorded datagrams, an
// outsider opens many connections, a member names members that do not exist.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <deque>
#include <thread>

#include "crdt/base/random.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/stranger.h"

namespace cluster {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t millis_since(Clock::time_point start) {
  return std::chrono::duration_cast<Millis>(Clock::now() - start).count();
}

// Milliseconds until every agent shows the entry; -1: they did not.
std::int64_t millis_to_all(Cluster& mesh, std::size_t writer, const std::string& id,
                           const std::string& metadata = "{}") {
  auto start = Clock::now();
  if (!add_snapshot(mesh[writer], id, metadata)) return -1;
  bool all = support::eventually(Millis{10'000}, [&] {
    for (std::size_t i = 0; i < mesh.size(); ++i) {
      auto answer = mesh[i].client().get("/v1/objects/snapshots/" + id);
      if (!answer.ok() || answer->status != 200) return false;
    }
    return true;
  });
  return all ? millis_since(start) : -1;
}

// 20,000 datagrams a second, each a recording of a start that the agent does not know.
TEST(Outsiders, ARecordingKeepsNoNewAgentOut) {
  Cluster mesh(1);
  Stranger former(mesh.folder() / "mesh.key", mesh[0].bind(), 1);
  std::vector<base::Bytes> recorded;
  for (int i = 0; i < 200; ++i) recorded.push_back(former.recording());
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> sent = 0;
  std::thread flood([&] {
    Flood from(mesh[0].bind());
    for (auto start = Clock::now(); !stop;) {
      auto due = static_cast<std::uint64_t>(millis_since(start)) * 20;
      // Half of them are copies of one datagram.
      for (; sent < due; sent += 20) from.burst(recorded[sent % 40 == 0 ? 0 : sent / 40 % 200], 20);
      std::this_thread::sleep_for(Millis{1});
    }
  });
  std::this_thread::sleep_for(Millis{500});

  auto start = Clock::now();
  mesh.add(mesh.usual("n2"));
  bool in = mesh.all_alive(2, Millis{15'000});
  auto took = millis_since(start);
  stop = true;
  flood.join();

  EXPECT_TRUE(in) << mesh.states();
  EXPECT_LT(took, 5'000);
  EXPECT_GT(metric(mesh[0], "hearsay_challenges_sent_total"), 100u);
  EXPECT_GT(metric(mesh[0], "hearsay_challenges_suppressed_total"), 1'000u);
  std::cout << "in after " << took << " ms, " << sent << " recordings sent, "
            << metric(mesh[0], "hearsay_challenges_sent_total") << " answered\n";
}

// Without any key: 500 connections a second from eight addresses, held open after one byte.
TEST(Outsiders, HalfOpenConnectionsHoldUpNoSession) {
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3));
  std::atomic<bool> stop = false;
  std::atomic<int> opened = 0;
  // The list of agents grows while the thread runs.
  const std::array targets{mesh[0].bind(), mesh[1].bind(), mesh[2].bind()};
  std::thread annoy([&] {
    std::deque<int> held;
    for (auto start = Clock::now(); !stop;) {
      for (; opened < millis_since(start) / 2; ++opened) {
        std::string from = "127.0.0." + std::to_string(1 + opened % 8) + ":0";
        held.push_back(tcp_to(targets[static_cast<std::size_t>(opened % 3)], from));
        // One byte of a length. The message may still become a valid one.
        ::send(held.back(), "\0", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
      }
      for (; held.size() > 400; held.pop_front()) ::close(held.front());
      std::this_thread::sleep_for(Millis{20});
    }
    for (int fd : held) ::close(fd);
  });
  std::this_thread::sleep_for(Millis{1'500});

  // Each value is too large for a datagram, and the new agent has no session yet.
  for (int i = 0; i < 4; ++i) {
    mesh.add(mesh.usual("late" + std::to_string(i)));
    EXPECT_TRUE(mesh.all_alive(4 + static_cast<std::size_t>(i), Millis{5'000}));
    auto took = millis_to_all(mesh, mesh.size() - 1, "large" + std::to_string(i),
                              noise_metadata(20'000, static_cast<std::uint64_t>(i)));
    EXPECT_GE(took, 0);
    EXPECT_LT(took, 1'500);  // one second, and the time for looking
    std::cout << "large value everywhere after " << took << " ms\n";
  }
  stop = true;
  annoy.join();

  EXPECT_GT(opened, 700);
  EXPECT_GT(metric(mesh[0], "hearsay_handshakes_displaced_total"), 0u);
}

TEST(Outsiders, GhostsHoldUpNoWrite) {
  Cluster mesh(0);
  for (int i = 1; i <= 4; ++i) {
    auto options = mesh.usual("n" + std::to_string(i));
    options.topology = "push-pull";
    options.profile = "lan";
    mesh.add(options);
  }
  ASSERT_TRUE(mesh.all_alive(4));
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    Stranger liar(mesh.folder() / "mesh.key", mesh[i].bind(), 10 + i);
    ASSERT_TRUE(liar.join(Millis{3'000}));
    for (std::uint64_t k = 0; k < 10'000; k += 10) {
      std::vector<gossip::MemberRecord> records;
      for (std::uint64_t j = k; j < k + 10; ++j) {
        // Nobody listens at this address, and it leads to no other host.
        auto address = *gossip::Address::parse("127." + std::to_string(100 + j / 250) + "." +
                                               std::to_string(j % 250) + ".1:9");
        auto node = base::Random::from_number(0xF0'0000 + j).id<base::NodeTag>();
        records.push_back(
            {node, "g", address, 1 << 16, gossip::MemberState::kAlive, gossip::Topology::kDirect});
      }
      liar.say({gossip::wire::Members{records}});
      if (k % 500 == 0) std::this_thread::sleep_for(Millis{5});
    }
  }
  auto named = [&] {
    return mesh[0].client().get("/v1/members")->body.find("\"g\"") != std::string::npos;
  };
  ASSERT_TRUE(support::eventually(Millis{5'000}, named));

  for (int i = 0; i < 6; ++i) {
    auto took = millis_to_all(mesh, static_cast<std::size_t>(i % 4), "x" + std::to_string(i),
                              i % 2 == 0 ? "{}" : noise_metadata(20'000));
    EXPECT_GE(took, 0);
    EXPECT_LT(took, 1'500);
    std::cout << "everywhere after " << took << " ms\n";
  }
}

}  // namespace
}  // namespace cluster
