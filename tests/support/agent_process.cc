#include "tests/support/agent_process.h"

#include <signal.h>

#include <nlohmann/json.hpp>
#include <random>

namespace support {
namespace {

constexpr Millis kStartTimeout{20'000};
constexpr Millis kStopTimeout{15'000};
constexpr int kPortsTried = 20;
constexpr const char* kHttp = "127.0.0.1:0";

Command command_of(const AgentOptions& options, const std::string& bind) {
  Command command;
  const std::filesystem::path& root = options.seen_as.empty() ? options.root : options.seen_as;
  command.arguments = {
      hearsay_program(), "agent", "--name", options.name, "--data-dir", (root / "data").string(),
      "--bind",          bind,    "--http", kHttp,        "--profile",  options.profile};
  auto add = [&](const std::string& flag, const std::string& value) {
    command.arguments.push_back(flag);
    command.arguments.push_back(value);
  };
  if (!options.key_file.empty()) add("--key-file", options.key_file.string());
  if (!options.topology.empty()) add("--topology", options.topology);
  for (const auto& peer : options.join) add("--join", peer);
  for (const auto& argument : options.more_arguments) command.arguments.push_back(argument);
  command.environment = options.environment;
  if (!options.seen_as.empty()) {
    std::vector<std::string> there = {"unshare",
                                      "-m",
                                      "sh",
                                      "-c",
                                      R"(mount --bind "$0" "$1" && shift && exec "$@")",
                                      options.root.string(),
                                      root.string()};
    command.arguments.insert(command.arguments.begin(), there.begin(), there.end());
  }
  command.arguments.insert(command.arguments.begin(), options.through.begin(),
                           options.through.end());
  return command;
}

// An agent starts again at its port, so nobody may be given it meanwhile: a port below those that
// the system hands out.
int lasting_port() {
  static std::mt19937 random{std::random_device{}()};
  return std::uniform_int_distribution<int>(10'000, 32'000)(random);
}

}  // namespace

base::Result<std::unique_ptr<AgentProcess>> AgentProcess::start(AgentOptions options) {
  std::filesystem::create_directories(options.root);
  std::unique_ptr<AgentProcess> agent(new AgentProcess(std::move(options)));
  const std::string& bind = agent->options_.bind;
  bool any_port = bind.ends_with(":0");
  for (int i = 0;; ++i) {
    agent->bind_ =
        any_port ? bind.substr(0, bind.size() - 1) + std::to_string(lasting_port()) : bind;
    RETURN_IF_ERROR(agent->begin());
    base::Status served = agent->wait_serving();
    if (served.ok()) return agent;
    bool taken = agent->log().find("Address already in use") != std::string::npos;
    if (!any_port || !taken || i == kPortsTried) return served.error();
  }
}

base::Status AgentProcess::wait_ready(Millis timeout) {
  probe::HttpClient asking = client();
  bool ready = eventually(timeout, [&] {
    auto answer = asking.get("/readyz");
    return answer.ok() && answer->status == 200;
  });
  if (ready) return {};
  return base::Error{base::Code::kTimeout, options_.name + " is not ready:\n" + log()};
}

void AgentProcess::kill9() {
  process_->signal(SIGKILL);
  process_->wait(kStopTimeout);
}

base::Result<int> AgentProcess::stop() {
  process_->signal(SIGTERM);
  auto status = process_->wait(kStopTimeout);
  if (status) return *status;
  return base::Error{base::Code::kTimeout, options_.name + " did not stop:\n" + log()};
}

base::Status AgentProcess::restart() {
  RETURN_IF_ERROR(begin());
  return wait_serving();
}

base::Status AgentProcess::begin() {
  if (process_ && process_->running()) {
    ASSIGN_OR_RETURN([[maybe_unused]] int status, stop());
  }
  process_.reset();
  probe::InNetwork there(options_.network);
  ASSIGN_OR_RETURN(process_, Process::start(command_of(options_, bind_)));
  return {};
}

base::Status AgentProcess::wait_serving() {
  bool serving = false;
  eventually(kStartTimeout, [&] {
    serving = read_announcement();
    return serving || !process_->running();
  });
  if (serving) return {};
  return base::Error{base::Code::kUnavailable, options_.name + " did not start:\n" + log()};
}

// A killed agent leaves its agent.json behind: only one of this very process counts.
bool AgentProcess::read_announcement() {
  std::string file = (seen_data_directory() / "agent.json").string();
  auto json = nlohmann::json::parse(read_file(file), nullptr, false);
  if (!json.is_object() || json.value("pid", pid_t{0}) != process_->pid()) return false;
  bind_ = json.value("bind", "");
  http_ = json.value("http", "");
  node_id_ = json.value("node_id", "");
  return !bind_.empty() && !http_.empty();
}

std::filesystem::path AgentProcess::seen_data_directory() const {
  if (options_.through.empty()) return data_directory();
  std::string root = "/proc/" + std::to_string(process_->pid()) + "/root";
  return root + data_directory().string();
}

base::Result<Outcome> hearsay(const std::vector<std::string>& arguments,
                              const std::map<std::string, std::string>& environment,
                              const std::string& input) {
  Command command;
  command.arguments = {hearsay_program()};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.environment = environment;
  command.input = input;
  return run(command);
}

std::string hearsay_program() { return HEARSAY_BIN_DIR "/hearsay"; }

base::Status make_key(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(Outcome outcome, hearsay({"keygen", "--out", file.string()}));
  if (outcome.status == 0) return {};
  return base::Error{base::Code::kInternal, "hearsay keygen: " + outcome.errors};
}

}  // namespace support
