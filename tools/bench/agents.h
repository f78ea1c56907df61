#pragma once

// Real agents. Each is a process with its own directory and key file, started as a person would
// start it.

#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/child.h"
#include "tools/bench/work_folder.h"

namespace bench {

struct AgentSetup {
  std::string program;   // hearsay
  std::string key_file;  // one key file for all agents
  std::string topology;  // empty: the default of the agent
  std::string profile{"local"};
  std::vector<std::string> more{};  // additional arguments of every agent
};
// Makes the key with `hearsay keygen`.
base::Result<AgentSetup> prepare_agents(const std::string& program, const std::string& topology,
                                        const WorkFolder& folder);

struct Memory {
  double resident_mib = 0;  // VmRSS
  double private_mib = 0;   // RssAnon: memory that no other process shares
};

class Agent {
 public:
  static base::Result<std::unique_ptr<Agent>> start(const AgentSetup& setup,
                                                    const std::string& name,
                                                    const std::string& join,
                                                    const WorkFolder& folder);
  // One that joins nobody, when it is ready.
  static base::Result<std::unique_ptr<Agent>> start_alone(const AgentSetup& setup,
                                                          const std::string& name,
                                                          const WorkFolder& folder);
  base::Status wait_serving();              // until agent.json exists
  base::Status wait_ready();                // until /readyz also answers 200
  base::Status wait_members(int expected);  // until also so many members are alive
  bool stop();                              // stops it cleanly; false if it had to be killed
  base::Result<Memory> memory() const;

  const std::string& bind() const { return bind_; }
  const std::string& http() const { return http_; }

 private:
  Agent(std::unique_ptr<Child> child, std::string announcement)
      : child_(std::move(child)), announcement_(std::move(announcement)) {}
  bool read_announcement();
  std::unique_ptr<Child> child_;
  std::string announcement_;  // the path of its agent.json
  std::string bind_;
  std::string http_;
};

// A mesh of this size; all its members see each other.
base::Result<std::vector<std::unique_ptr<Agent>>> start_mesh(const AgentSetup& setup, int size,
                                                             const WorkFolder& folder);

}  // namespace bench
