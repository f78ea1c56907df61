// A host without the mesh key has no effect on a mesh: its bytes are counted and dropped.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "crdt/base/random.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/udp_door.h"

namespace cluster {
namespace {

std::string noise(std::mt19937& random, std::size_t length) {
  std::string bytes(length, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::size_t resident_kilobytes(AgentProcess& agent) {
  std::string status =
      support::read_file("/proc/" + std::to_string(agent.process().pid()) + "/status");
  auto at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::stoul(status.substr(at + 6));
}

TEST(Strangers, GarbageIsCountedAndNeverAnswered) {
  Cluster mesh(1);
  ASSERT_TRUE(add_snapshot(mesh[0], "x"));
  UdpDoor door(mesh[0].bind());
  std::mt19937 random(1);
  std::size_t before = resident_kilobytes(mesh[0]);

  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = noise(random, random() % 1500);
    // Half of the bytes begin like ours: with the right version byte.
    if (i % 2 == 0 && !bytes.empty()) bytes[0] = 0x48;
    door.send(bytes);
    if (i % 100 == 0) usleep(1000);
  }
  door.send(noise(random, 60'000));

  EXPECT_EQ(door.answered(Millis{300}), 0u);
  EXPECT_GT(metric(mesh[0], R"(hearsay_refused_total{reason="malformed"})") +
                metric(mesh[0], R"(hearsay_refused_total{reason="key"})") +
                metric(mesh[0], R"(hearsay_refused_total{reason="authentication"})"),
            1'000u);
  EXPECT_EQ(metric(mesh[0], "hearsay_datagrams_received_total"), 0u);
  EXPECT_LT(resident_kilobytes(mesh[0]), before + 4'096);
  EXPECT_EQ(get_snapshot(mesh[0], "x"), "{}");
}

TEST(Strangers, SessionsWithoutTheKeyAreClosedWithoutAWord) {
  Cluster mesh(1);
  std::mt19937 random(2);

  for (std::size_t length : {1u, 64u, 69u, 100u, 5'000u}) {
    bool closed = false;
    EXPECT_EQ(tcp_answer(mesh[0].bind(), noise(random, length), Millis{7'000}, closed), 0u);
    EXPECT_TRUE(closed) << length;
  }

  EXPECT_GT(metric(mesh[0], "hearsay_handshakes_refused_total"), 0u);
}

TEST(Strangers, AnAgentWithAnotherKeyIsNotLetIn) {
  Cluster mesh(1);
  ASSERT_TRUE(add_snapshot(mesh[0], "secret"));
  support::AgentOptions stranger = mesh.usual("z");
  stranger.key_file = mesh.folder() / "other.key";
  ASSERT_TRUE(support::make_key(stranger.key_file).ok());
  mesh.add(stranger);

  usleep(2'000'000);

  EXPECT_EQ(get_snapshot(mesh[1], "secret"), "");
  EXPECT_EQ(json_field(mesh[0].client().get("/v1/status")->body, "members"),
            R"({"alive":1,"dead":0,"left":0,"remembered":0,"suspect":0,"unreachable":0})");
  EXPECT_GT(metric(mesh[0], R"(hearsay_refused_total{reason="key"})"), 0u);
  EXPECT_EQ(mesh[1].client().get("/healthz")->status, 200);
}

// Captures all packets while a snapshot is sent. Neither ids nor values can be read in them.
TEST(Strangers, ACaptureShowsNoIdAndNoWord) {
  if (geteuid() != 0) GTEST_SKIP() << "capturing loopback traffic needs root";
  if (system("command -v tcpdump >/dev/null 2>&1") != 0) GTEST_SKIP() << "tcpdump is not installed";
  Cluster mesh(1);
  mesh.add(mesh.usual("plaintextname"));
  auto port_of = [&](std::size_t i) {
    return mesh[i].bind().substr(mesh[i].bind().rfind(':') + 1);
  };
  std::string file = mesh.folder() / "capture.pcap";
  support::Command command;
  // In immediate mode a frame of any length takes room for the largest, 64 KiB: the usual 2 MiB
  // hold some thirty frames, and a busy host loses what comes after them.
  command.arguments = {"tcpdump", "-i", "lo",   "--immediate-mode", "-B", "65536", "-U",
                       "-w",      file, "port", port_of(0),         "or", "port",  port_of(1)};
  auto capture = support::Process::start(command);
  ASSERT_TRUE(capture.ok());
  if (!support::eventually(Millis{5'000}, [&] {
        return (*capture)->errors().find("listening on") != std::string::npos;
      })) {
    GTEST_SKIP() << "tcpdump cannot capture here: " << (*capture)->errors();
  }

  ASSERT_TRUE(mesh[1].restart().ok());
  ASSERT_TRUE(mesh.all_alive(2)) << mesh.states();
  ASSERT_TRUE(add_snapshot(mesh[0], "plaintextid", R"({"plaintextkey":"plaintextvalue"})"));
  auto random = base::Random::from_number(8);
  std::string large = "wwwwwwww" + base::to_hex(random.bytes(200'000));
  ASSERT_TRUE(add_snapshot(mesh[1], "largeid", R"({"word":")" + large + R"("})"));
  ASSERT_TRUE(mesh.converged()) << mesh.states();
  support::eventually(Millis{5'000}, [&] { return std::filesystem::file_size(file) > 210'000; });
  (*capture)->signal(SIGINT);
  (*capture)->wait(Millis{5'000});

  std::string bytes = support::read_file(file);
  EXPECT_GT(bytes.size(), 200'000u);
  auto node = mesh[0].node_id();
  for (const std::string& word :
       {std::string("plaintext"), std::string("largeid"), std::string("snapshots"),
        std::string("wwwwwwww"), std::string("127.0.0.1"), node}) {
    EXPECT_EQ(bytes.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace cluster
