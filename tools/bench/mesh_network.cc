#include "tools/bench/mesh_network.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/bench/child.h"
#include "tools/bench/clock.h"

namespace bench {
namespace {

constexpr std::int64_t kToolTimeout = 30 * kSecond;
constexpr std::uint64_t kEthernetHeader = 14;  // interfaces count it for each packet

base::Error unavailable(std::string what) { return {base::Code::kUnavailable, std::move(what)}; }

// Otherwise neighbour discovery would count as traffic of the mesh.
base::Status without_ipv6() {
  for (const char* which : {"all", "default"}) {
    std::ofstream file(fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", which));
    file << 1;
  }
  return {};
}

base::Status inside(const probe::Network& network, const std::function<base::Status()>& what) {
  probe::InNetwork there(&network);
  return what();
}

std::string hardware_address(int index) {
  return fmt::format("02:77:00:00:{:02x}:{:02x}", index / 256, index % 256);
}

}  // namespace

bool MeshNetwork::can_isolate() {
  return ::geteuid() == 0 && !find_program("ip").empty() && !find_program("nft").empty();
}

base::Result<std::unique_ptr<MeshNetwork>> MeshNetwork::make(int hosts, const WorkFolder& folder) {
  std::unique_ptr<MeshNetwork> network(new MeshNetwork(folder));
  if (can_isolate()) RETURN_IF_ERROR(network->connect(hosts));
  return network;
}

base::Status MeshNetwork::connect(int hosts) {
  ASSIGN_OR_RETURN(hub_, probe::Network::make());
  RETURN_IF_ERROR(inside(*hub_, without_ipv6));
  std::string lines = "link add br0 type bridge\nlink set br0 up\n";
  for (int i = 0; i < hosts; ++i) {
    ASSIGN_OR_RETURN(auto host, probe::Network::make());
    RETURN_IF_ERROR(inside(*host, without_ipv6));
    lines += fmt::format("link add v{} type veth peer name eth0 address {} netns {}\n", i,
                         hardware_address(i), host->path());
    lines += fmt::format("link set v{} master br0 up\n", i);
    hosts_.push_back(std::move(host));
  }
  RETURN_IF_ERROR(inside(*hub_, [&] { return run_tool("ip", "-batch", lines); }));
  for (int i = 0; i < hosts; ++i) {
    std::string own =
        fmt::format("link set lo up\naddr add {}/16 dev eth0\nlink set eth0 up\n", host(i));
    // Neighbours are fixed. Learned ones share one small table over all namespaces of the machine,
    // and when it is full nothing is sent.
    for (int other = 0; other < hosts; ++other) {
      if (other == i) continue;
      own += fmt::format("neigh add {} lladdr {} dev eth0 nud permanent\n", host(other),
                         hardware_address(other));
    }
    RETURN_IF_ERROR(on(i, [&] { return run_tool("ip", "-batch", own); }));
  }
  return set_rules();
}

std::string MeshNetwork::host(int index) const {
  return fmt::format("{}.{}.{}", isolated() ? "10.77" : "127.0", index / 250 + 1, index % 250 + 1);
}

base::Status MeshNetwork::on(int index, const std::function<base::Status()>& what) const {
  return isolated() ? inside(*hosts_[static_cast<std::size_t>(index)], what) : what();
}

base::Status MeshNetwork::lose_datagrams(int percent) {
  loss_percent_ = percent;
  return set_rules();
}

base::Status MeshNetwork::mute(const std::set<int>& hosts) {
  muted_ = hosts;
  return set_rules();
}

base::Status MeshNetwork::set_rules() {
  std::string lines =
      "table bridge mesh\ndelete table bridge mesh\ntable bridge mesh {\n"
      "chain pass {\ntype filter hook forward priority 0;\n";
  for (int host : muted_) {
    lines += fmt::format("iifname v{0} drop\noifname v{0} drop\n", host);
  }
  if (loss_percent_ > 0) {
    lines += fmt::format("ip protocol udp numgen random mod 100 < {} drop\n", loss_percent_);
  }
  lines += "}\n}\n";
  return inside(*hub_, [&] { return run_tool("nft", "-f", lines); });
}

base::Status MeshNetwork::run_tool(const char* name, const std::string& option,
                                   const std::string& lines) const {
  std::string file = (folder_ / "tool.txt").string();
  std::string log = (folder_ / "tool.log").string();
  std::ofstream(file) << lines;
  ASSIGN_OR_RETURN(auto tool, Child::start({find_program(name), option, file}, {}, log));
  if (tool->wait(kToolTimeout) == 0) return {};
  std::ifstream said(log);
  return unavailable(fmt::format("{} {}: {}", name, option,
                                 std::string{std::istreambuf_iterator<char>(said), {}}));
}

base::Result<std::uint64_t> MeshNetwork::bytes_sent(int index) const {
  return ip_counter(index, Way::kOut);
}

base::Result<std::uint64_t> MeshNetwork::bytes_received(int index) const {
  return ip_counter(index, Way::kIn);
}

// Reads the interface that leads to the other hosts, so requests of clients on the loopback do not
// count.
base::Result<std::uint64_t> MeshNetwork::ip_counter(int index, Way way) const {
  std::string text;
  RETURN_IF_ERROR(on(index, [&]() -> base::Status {
    std::ifstream file("/proc/thread-self/net/dev");
    text.assign(std::istreambuf_iterator<char>(file), {});
    return {};
  }));
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word != "eth0:") continue;
    constexpr std::size_t kColumns = 8;  // bytes, packets, ...; for each direction
    std::array<std::uint64_t, 2 * kColumns> columns{};
    for (std::uint64_t& column : columns) words >> column;
    if (!words) break;
    std::size_t at = way == Way::kOut ? kColumns : 0;
    return columns[at] - kEthernetHeader * columns[at + 1];
  }
  return unavailable("read the counters of eth0");
}

}  // namespace bench
