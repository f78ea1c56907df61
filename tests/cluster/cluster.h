#pragma once

// A few real agents with one key, and helpers for tests that use them.

#include <memory>
#include <string>
#include <vector>

#include "tests/support/agent_process.h"
#include "tests/support/scoped_directory.h"

namespace cluster {

using support::AgentProcess;
using support::Millis;

inline constexpr Millis kAgree{30'000};  // until all show the same, on a busy host

class Cluster {
 public:
  // Starts `count` agents n1…; all join n1. Fails the test if one does not start.
  explicit Cluster(int count);
  AgentProcess& operator[](std::size_t index) { return *agents_[index]; }
  std::size_t size() const { return agents_.size(); }
  // Starts one more agent, with the given options or the default ones.
  AgentProcess& add(support::AgentOptions options);
  support::AgentOptions usual(const std::string& name) const;
  const support::ScopedDirectory& folder() const { return folder_; }

  bool converged(Millis timeout = Millis{20'000});  // equal digests and vectors on all that run
  bool all_alive(std::size_t count, Millis timeout = Millis{20'000});
  std::string states();  // for messages of failures

 private:
  support::ScopedDirectory folder_;
  std::vector<std::unique_ptr<AgentProcess>> agents_;
};

// The value of one member of a flat JSON answer, as it is written there.
std::string json_field(const std::string& json, const std::string& name);
std::uint64_t metric(AgentProcess& agent, const std::string& name_and_labels);
// Random hex digits as metadata: compression cannot make them smaller than half.
std::string noise_metadata(std::size_t digits, std::uint64_t seed = 1);
bool add_snapshot(AgentProcess& agent, const std::string& id, const std::string& metadata = "{}");
std::string get_snapshot(AgentProcess& agent, const std::string& id);  // "" when absent
// Runs the command line against this agent.
support::Outcome command(AgentProcess& agent, std::vector<std::string> words,
                         const std::string& input = "");

}  // namespace cluster
