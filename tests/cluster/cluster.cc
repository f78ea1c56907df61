#include "tests/cluster/cluster.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "crdt/base/random.h"

namespace cluster {

Cluster::Cluster(int count) {
  auto made = support::make_key(folder_ / "mesh.key");
  EXPECT_TRUE(made.ok()) << made.error().message;
  for (int i = 1; i <= count; ++i) add(usual("n" + std::to_string(i)));
}

support::AgentOptions Cluster::usual(const std::string& name) const {
  support::AgentOptions options;
  options.name = name;
  options.root = folder_ / name;
  options.key_file = folder_ / "mesh.key";
  if (!agents_.empty()) options.join = {agents_[0]->bind()};
  return options;
}

AgentProcess& Cluster::add(support::AgentOptions options) {
  auto agent = AgentProcess::start(std::move(options));
  if (!agent.ok()) throw std::runtime_error(agent.error().message);
  agents_.push_back(std::move(*agent));
  return *agents_.back();
}

bool Cluster::converged(Millis timeout) {
  return support::eventually(timeout, [&] {
    std::string first;
    for (auto& agent : agents_) {
      if (!agent->process().running()) continue;
      auto status = agent->client().get("/v1/status?closed=1");
      if (!status.ok() || status->status != 200) return false;
      auto json = nlohmann::json::parse(status->body);
      std::string state = json["digest"].get<std::string>() + json["vector"].dump();
      if (first.empty()) first = state;
      if (state != first) return false;
    }
    return true;
  });
}

bool Cluster::all_alive(std::size_t count, Millis timeout) {
  return support::eventually(timeout, [&] {
    for (auto& agent : agents_) {
      if (!agent->process().running()) continue;
      auto status = agent->client().get("/v1/status");
      if (!status.ok()) return false;
      auto json = nlohmann::json::parse(status->body);
      if (json["members"]["alive"] != count) return false;
    }
    return true;
  });
}

std::string Cluster::states() {
  std::string text;
  for (auto& agent : agents_) {
    if (!agent->process().running()) continue;
    auto status = agent->client().get("/v1/status");
    text += status.ok() ? status->body + "\n" : status.error().message + "\n";
    text += agent->log();
  }
  return text;
}

std::string json_field(const std::string& json, const std::string& name) {
  auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object() || !parsed.contains(name)) return "";
  return parsed[name].is_string() ? parsed[name].get<std::string>() : parsed[name].dump();
}

std::uint64_t metric(AgentProcess& agent, const std::string& name_and_labels) {
  auto answer = agent.client().get("/metrics");
  if (!answer.ok()) return 0;
  auto at = answer->body.find("\n" + name_and_labels + " ");
  if (at == std::string::npos) return 0;
  return std::stoull(answer->body.substr(at + name_and_labels.size() + 2));
}

std::string noise_metadata(std::size_t digits, std::uint64_t seed) {
  auto random = base::Random::from_number(seed);
  return R"({"v":")" + base::to_hex(random.bytes(digits / 2)) + R"("})";
}

bool add_snapshot(AgentProcess& agent, const std::string& id, const std::string& metadata) {
  auto answer = agent.client().post("/snapshots/add/" + id, metadata);
  return answer.ok() && answer->status == 200;
}

std::string get_snapshot(AgentProcess& agent, const std::string& id) {
  auto answer = agent.client().get("/v1/objects/snapshots/" + id);
  return answer.ok() && answer->status == 200 ? json_field(answer->body, "value") : "";
}

support::Outcome command(AgentProcess& agent, std::vector<std::string> words,
                         const std::string& input) {
  words.insert(words.end(), {"--http", agent.http()});
  auto outcome = support::hearsay(words, {}, input);
  EXPECT_TRUE(outcome.ok());
  return outcome.ok() ? *outcome : support::Outcome{};
}

}  // namespace cluster
