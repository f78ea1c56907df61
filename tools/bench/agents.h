#pragma once

// Real agents, each a process with its own folder and key file, started as a person would start
// them.

#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/child.h"
#include "tools/bench/work_folder.h"

namespace bench {

struct AgentSetup {
  std::string program;   // hearsay
  std::string key_file;  // one for all
  std::string topology;  // empty: the agent's default
};
// Makes the key with `hearsay keygen`.
base::Result<AgentSetup> prepare_agents(const std::string& program, const std::string& topology,
                                        const WorkFolder& folder);

struct Memory {
  double resident_mib = 0;  // VmRSS
  double private_mib = 0;   // RssAnon: what no other process shares
};

class Agent {
 public:
  static base::Result<std::unique_ptr<Agent>> start(const AgentSetup& setup,
                                                    const std::string& name,
                                                    const std::string& join,
                                                    const WorkFolder& folder);
  base::Status wait_serving();              // agent.json is there
  base::Status wait_ready();                // and /readyz answers 200
  base::Status wait_members(int expected);  // and that many are alive
  bool stop();                              // cleanly; false if it had to be killed
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

// A mesh of that many, all of which see each other.
base::Result<std::vector<std::unique_ptr<Agent>>> start_mesh(const AgentSetup& setup, int size,
                                                             const WorkFolder& folder);

}  // namespace bench
