#include "tools/bench/mesh_program.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/bench/mesh_network.h"

namespace bench {
namespace {

constexpr int kSerfPort = 7373;
constexpr int kSerfPortsFrom = 27'000;

std::vector<std::string> hearsay_command(const std::string& path, const MemberStart& start) {
  std::vector<std::string> words{
      path,         "agent",        "--name",       fmt::format("n{}", start.index),
      "--data-dir", start.data,     "--bind",       fmt::format("{}:{}", start.host, kMeshPort),
      "--http",     "127.0.0.1:0",  "--profile",    start.profile,
      "--key-file", start.key_file, "--log-format", "json"};
  if (!start.join.empty()) words.insert(words.end(), {"--join", start.join});
  if (!start.topology.empty()) words.insert(words.end(), {"--topology", start.topology});
  return words;
}

std::vector<std::string> memberlist_command(const std::string& path, const MemberStart& start) {
  return {path,
          "-name",
          fmt::format("n{}", start.index),
          "-bind",
          start.host,
          "-port",
          std::to_string(kMeshPort),
          "-profile",
          start.profile,
          "-join",
          start.join};
}

std::vector<std::string> serf_command(const std::string& path, const MemberStart& start) {
  int port = start.shared_loopback ? kSerfPortsFrom + start.index : kSerfPort;
  std::vector<std::string> words{path,        "agent",
                                 "-node",     fmt::format("n{}", start.index),
                                 "-bind",     fmt::format("{}:{}", start.host, kMeshPort),
                                 "-rpc-addr", fmt::format("127.0.0.1:{}", port),
                                 "-profile",  start.profile};
  if (!start.join.empty()) words.insert(words.end(), {"-join", start.join});
  return words;
}

// The output of the agent and of peers/memberlist: one JSON object in each line.
std::optional<MemberNews> news_in_json(std::string_view line, const char* up, const char* down,
                                       const char* place) {
  auto json = nlohmann::json::parse(line, nullptr, false);
  auto text = [&](const char* name) {
    bool there = json.is_object() && json.contains(name) && json[name].is_string();
    return there ? json[name].get<std::string>() : std::string();
  };
  std::string event = text("event");
  std::string host = text(place);
  if (host.empty() || (event != up && event != down)) return std::nullopt;
  return MemberNews{event == up, host.substr(0, host.find(':'))};
}

// "… [INFO] serf: EventMemberFailed: n3 10.77.1.4"
std::optional<MemberNews> news_in_serf(std::string_view line) {
  auto at = line.find("serf: EventMember");
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view event = line.substr(at + std::string_view("serf: EventMember").size());
  bool up = event.starts_with("Join:");
  bool down = event.starts_with("Failed:") || event.starts_with("Leave:");
  auto host = event.rfind(' ');
  if ((!up && !down) || host == std::string_view::npos) return std::nullopt;
  return MemberNews{up, std::string(event.substr(host + 1))};
}

}  // namespace

std::string_view program_name(MeshProgram::Kind kind) {
  switch (kind) {
    case MeshProgram::Kind::kHearsay:
      return "hearsay";
    case MeshProgram::Kind::kMemberlist:
      return "memberlist";
    case MeshProgram::Kind::kSerf:
      return "serf";
  }
  return "unknown";
}

std::vector<std::string> command_of(const MeshProgram& program, const MemberStart& start) {
  std::vector<std::string> words;
  switch (program.kind) {
    case MeshProgram::Kind::kHearsay:
      words = hearsay_command(program.path, start);
      break;
    case MeshProgram::Kind::kMemberlist:
      words = memberlist_command(program.path, start);
      break;
    case MeshProgram::Kind::kSerf:
      words = serf_command(program.path, start);
      break;
  }
  words.insert(words.end(), start.more.begin(), start.more.end());
  return words;
}

std::optional<MemberNews> news_in(MeshProgram::Kind kind, std::string_view line) {
  switch (kind) {
    case MeshProgram::Kind::kHearsay:
      return news_in_json(line, "member_up", "member_down", "address");
    case MeshProgram::Kind::kMemberlist:
      return news_in_json(line, "up", "down", "member");
    case MeshProgram::Kind::kSerf:
      return news_in_serf(line);
  }
  return std::nullopt;
}

}  // namespace bench
