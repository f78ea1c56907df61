#pragma once

// A real `hearsay agent` on loopback with its own data directory and ports. It gets the flags that
// a person would give; the addresses where it listens are read from its agent.json.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tools/probe/http_client.h"

namespace support {

struct AgentOptions {
  std::string name;
  std::filesystem::path root;  // holds its `data`
  std::filesystem::path key_file;
  std::vector<std::string> join;  // HOST:PORT of others
  std::string profile = "local";
  std::string topology;  // empty: the agent's default
  std::vector<std::string> more_arguments;
  std::map<std::string, std::string> environment;
  std::string bind = "127.0.0.1:0";
  const probe::Network* network = nullptr;  // the test's own; outlives the agent
  // Where the agent finds `root`: bound there for this agent alone, so that two agents have one
  // path. Empty: where it is. Needs root and `unshare`.
  std::filesystem::path seen_as;
  // A command that gets the command line of the agent as its last arguments and becomes the agent
  // (`exec`), for limits and mounts. Its mounts may hide the data directory from the test.
  std::vector<std::string> through;
};

class AgentProcess {
 public:
  // Starts it and waits until it serves (`agent.json`), not until it is ready.
  static base::Result<std::unique_ptr<AgentProcess>> start(AgentOptions options);

  base::Status wait_ready(Millis timeout = Millis{20'000});  // /readyz answers 200
  void kill9();                                              // and waits for the end
  base::Result<int> stop();                                  // SIGTERM; the exit status
  // Starts it again with the same directories and the same mesh address, so that peers find it.
  base::Status restart();
  // The same in two steps, so that several agents can start at once, or one can be killed while it
  // starts.
  base::Status begin();
  base::Status wait_serving();

  probe::HttpClient client(Millis timeout = Millis{20'000}) const {
    return probe::HttpClient(http_, timeout, options_.network);
  }
  const std::string& bind() const { return bind_; }
  const std::string& http() const { return http_; }
  const std::string& node_id() const { return node_id_; }
  const AgentOptions& options() const { return options_; }
  std::filesystem::path data_directory() const { return options_.root / "data"; }
  // The same as the running agent sees it, behind the mounts of `through`.
  std::filesystem::path seen_data_directory() const;
  Process& process() { return *process_; }
  std::string log() const { return process_->errors(); }

 private:
  explicit AgentProcess(AgentOptions options) : options_(std::move(options)) {}
  bool read_announcement();
  AgentOptions options_;
  std::unique_ptr<Process> process_;
  std::string bind_;
  std::string http_;
  std::string node_id_;
};

// Runs `hearsay` with these arguments until it ends.
base::Result<Outcome> hearsay(const std::vector<std::string>& arguments,
                              const std::map<std::string, std::string>& environment = {},
                              const std::string& input = "");
std::string hearsay_program();
// A mesh key made by `hearsay keygen`.
base::Status make_key(const std::filesystem::path& file);

}  // namespace support
