#include "tools/bench/agents.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/bench/clock.h"
#include "tools/probe/http_client.h"

namespace bench {
namespace {

constexpr std::int64_t kStartTimeout = 60 * kSecond;
constexpr std::int64_t kReadyTimeout = 120 * kSecond;
constexpr std::int64_t kStopTimeout = 30 * kSecond;
constexpr unsigned kMemberPauseMicros = 50'000;

base::Status wait_for(const std::string& what, std::int64_t timeout, unsigned pause,
                      const std::function<bool()>& happened) {
  std::int64_t deadline = monotonic_nanos() + timeout;
  while (!happened()) {
    if (monotonic_nanos() >= deadline) {
      return base::Error{base::Code::kTimeout, fmt::format("{}: did not happen within {:.0f} s",
                                                           what, seconds_of(timeout))};
    }
    ::usleep(pause);
  }
  return {};
}

}  // namespace

base::Result<AgentSetup> prepare_agents(const std::string& program, const std::string& topology,
                                        const WorkFolder& folder) {
  AgentSetup setup{program, (folder / "mesh.key").string(), topology};
  ASSIGN_OR_RETURN(auto keygen, Child::start({program, "keygen", "--out", setup.key_file}, {},
                                             (folder / "keygen.log").string()));
  RETURN_IF_ERROR(wait_for(program + " keygen", kStartTimeout, kPauseMicros,
                           [&] { return !keygen->running(); }));
  if (::access(setup.key_file.c_str(), R_OK) == 0) return setup;
  return base::Error{base::Code::kUnavailable, program + " keygen made no key"};
}

base::Result<std::unique_ptr<Agent>> Agent::start(const AgentSetup& setup, const std::string& name,
                                                  const std::string& join,
                                                  const WorkFolder& folder) {
  std::string data = (folder / name).string();
  std::vector<std::string> arguments{setup.program, "agent",        "--name",      name,
                                     "--data-dir",  data,           "--bind",      "127.0.0.1:0",
                                     "--http",      "127.0.0.1:0",  "--profile",   setup.profile,
                                     "--key-file",  setup.key_file, "--log-level", "warn"};
  if (!join.empty()) arguments.insert(arguments.end(), {"--join", join});
  if (!setup.topology.empty()) arguments.insert(arguments.end(), {"--topology", setup.topology});
  arguments.insert(arguments.end(), setup.more.begin(), setup.more.end());
  std::string announcement = data + "/agent.json";
  ::unlink(announcement.c_str());  // a killed agent leaves this file behind
  ASSIGN_OR_RETURN(auto child, Child::start(arguments, {}, (folder / (name + ".log")).string()));
  return std::unique_ptr<Agent>(new Agent(std::move(child), announcement));
}

base::Result<std::unique_ptr<Agent>> Agent::start_alone(const AgentSetup& setup,
                                                        const std::string& name,
                                                        const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto agent, start(setup, name, "", folder));
  RETURN_IF_ERROR(agent->wait_serving());
  RETURN_IF_ERROR(agent->wait_ready());
  return agent;
}

base::Status Agent::wait_serving() {
  bool serving = false;
  RETURN_IF_ERROR(wait_for("start of an agent", kStartTimeout, kPauseMicros, [&] {
    serving = read_announcement();
    return serving || !child_->running();
  }));
  if (serving) return {};
  return base::Error{base::Code::kUnavailable, "an agent ended at its start: " + announcement_};
}

base::Status Agent::wait_ready() {
  return wait_for("/readyz", kReadyTimeout, kPauseMicros, [&] {
    auto answer = probe::HttpClient(http_).get("/readyz");
    return answer.ok() && answer->status == 200;
  });
}

base::Status Agent::wait_members(int expected) {
  return wait_for(fmt::format("{} members alive", expected), kReadyTimeout, kMemberPauseMicros,
                  [&] {
                    auto answer = probe::HttpClient(http_).get("/v1/status");
                    if (!answer.ok() || answer->status != 200) return false;
                    auto status = nlohmann::json::parse(answer->body, nullptr, false);
                    return status.is_object() && status.contains("members") &&
                           status["members"].value("alive", 0) == expected;
                  });
}

bool Agent::stop() { return child_->stop(kStopTimeout); }

base::Result<Memory> Agent::memory() const {
  std::ifstream file(fmt::format("/proc/{}/status", child_->pid()));
  Memory memory;
  std::string name;
  std::string rest;
  while (file >> name && std::getline(file, rest)) {
    if (name == "VmRSS:") memory.resident_mib = std::stod(rest) / 1024;
    if (name == "RssAnon:") memory.private_mib = std::stod(rest) / 1024;
  }
  if (memory.resident_mib > 0) return memory;
  return base::Error{base::Code::kUnavailable, "read an agent's memory: it is gone"};
}

bool Agent::read_announcement() {
  std::ifstream file(announcement_);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("pid", pid_t{0}) != child_->pid()) return false;
  bind_ = json.value("bind", "");
  http_ = json.value("http", "");
  return !bind_.empty() && !http_.empty();
}

base::Result<std::vector<std::unique_ptr<Agent>>> start_mesh(const AgentSetup& setup, int size,
                                                             const WorkFolder& folder) {
  std::vector<std::unique_ptr<Agent>> agents;
  for (int i = 0; i < size; ++i) {
    std::string join = agents.empty() ? "" : agents[0]->bind();
    ASSIGN_OR_RETURN(auto agent, Agent::start(setup, fmt::format("n{}-{}", size, i), join, folder));
    agents.push_back(std::move(agent));
    if (i == 0) RETURN_IF_ERROR(agents[0]->wait_serving());  // the others join it
  }
  for (auto& agent : agents) RETURN_IF_ERROR(agent->wait_serving());
  for (auto& agent : agents) RETURN_IF_ERROR(agent->wait_members(size));
  return agents;
}

}  // namespace bench
