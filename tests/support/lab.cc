#include "tests/support/lab.h"

#include <unistd.h>

#include "tests/support/process.h"

namespace support {
namespace {

constexpr const char* kTable = "inet lab";

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    auto end = std::min(line.find(' ', at), line.size());
    if (end > at) words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

base::Result<std::string> told(const probe::Network* network, const std::string& line) {
  probe::InNetwork there(network);
  Command command;
  command.arguments = words_of(line);
  ASSIGN_OR_RETURN(Outcome outcome, run(command));
  if (outcome.status == 0) return outcome.output;
  return base::Error{base::Code::kUnavailable, line + ": " + outcome.errors};
}

base::Status tell(const probe::Network* network, const std::string& line) {
  ASSIGN_OR_RETURN([[maybe_unused]] std::string output, told(network, line));
  return {};
}

}  // namespace

std::string Lab::missing() {
  if (::geteuid() != 0) return "network namespaces need root";
  for (const char* program : {"ip", "nft"}) {
    Command command;
    command.arguments = {"sh", "-c", std::string("command -v ") + program};
    auto found = run(command);
    if (!found.ok() || found->status != 0) return std::string(program) + " is not installed";
  }
  // The kernel may lack a feature. A small lab with each kind of rule shows whether it does.
  auto lab = make(1);
  if (!lab.ok()) return "this host allows no network lab: " + lab.error().message;
  for (const char* rule : {"udp dport 1 numgen random mod 100 < 30 drop", "meta length > 1000 drop",
                           "ip saddr 10.77.0.9 drop"}) {
    auto made = (*lab)->rule(0, rule);
    if (!made.ok()) return "this host allows no such rule: " + made.error().message;
  }
  return "";
}

base::Result<std::unique_ptr<Lab>> Lab::make(std::size_t hosts) {
  std::unique_ptr<Lab> lab(new Lab);
  ASSIGN_OR_RETURN(lab->hub_, probe::Network::make());
  RETURN_IF_ERROR(tell(lab->hub_.get(), "ip link add name switch type bridge"));
  RETURN_IF_ERROR(tell(lab->hub_.get(), "ip link set switch up"));
  for (std::size_t i = 0; i < hosts; ++i) {
    ASSIGN_OR_RETURN(auto network, probe::Network::make());
    lab->hosts_.push_back(std::move(network));
    RETURN_IF_ERROR(lab->plug_in(i));
  }
  return lab;
}

base::Status Lab::plug_in(std::size_t host) {
  const probe::Network* network = hosts_[host].get();
  std::string port = "port" + std::to_string(host);
  RETURN_IF_ERROR(tell(
      hub_.get(), "ip link add " + port + " type veth peer name eth0 netns " + network->path()));
  RETURN_IF_ERROR(tell(hub_.get(), "ip link set " + port + " master switch up"));
  RETURN_IF_ERROR(tell(network, "ip link set lo up"));
  RETURN_IF_ERROR(tell(network, "ip addr add " + ip(host) + "/24 dev eth0"));
  // Without this the kernel hands over up to 64 KiB of a stream as one packet. With it a packet is
  // as long as on a wire.
  RETURN_IF_ERROR(tell(network, "ip link set eth0 gso_max_segs 1 up"));
  RETURN_IF_ERROR(tell(network, std::string("nft add table ") + kTable));
  return tell(network, std::string("nft add chain ") + kTable +
                           " in { type filter hook input priority 0 ; }");
}

std::string Lab::ip(std::size_t host) const { return "10.77.0." + std::to_string(host + 1); }

base::Status Lab::rule(std::size_t host, const std::string& text) {
  // The counter comes before the verdict, which is the last word of a rule.
  auto verdict = text.rfind(' ');
  return tell(hosts_.at(host).get(), std::string("nft add rule ") + kTable + " in iifname eth0 " +
                                         text.substr(0, verdict) + " counter" +
                                         text.substr(verdict));
}

base::Status Lab::clear(std::size_t host) {
  return tell(hosts_.at(host).get(), std::string("nft flush chain ") + kTable + " in");
}

std::uint64_t Lab::hits(std::size_t host) const {
  auto listed = told(hosts_.at(host).get(), std::string("nft list table ") + kTable);
  if (!listed.ok()) return 0;
  std::uint64_t sum = 0;
  const std::string word = "packets ";
  for (auto at = listed->find(word); at != std::string::npos; at = listed->find(word, at + 1)) {
    sum += std::stoull(listed->substr(at + word.size()));
  }
  return sum;
}

}  // namespace support
