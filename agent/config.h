#pragma once

// The whole configuration of `hearsay agent`, checked and typed. load() depends on its arguments
// only: the same flags and surroundings give the same configuration or the same error. An error is
// kInvalid; the program then ends with exit code 2.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/host_port.h"
#include "agent/log.h"
#include "agent/settings.h"
#include "crdt/base/result.h"
#include "gossip/member.h"
#include "gossip/options.h"

namespace agent {

struct Config {
  std::string name;
  std::string data_dir;
  HostPort bind{"0.0.0.0", 7700};     // port 0: any free port
  std::optional<HostPort> advertise;  // empty: the address of `bind`
  HostPort http{"127.0.0.1", 7780};   // loopback; port 0: any free port
  std::vector<HostPort> join;
  std::string key_file;  // empty: mesh.key in the data directory
  gossip::Topology topology = gossip::Topology::kPushPull;
  std::vector<HostPort> parents;
  gossip::Profile profile;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  std::uint64_t log_bytes_max = 256ull << 20;  // of the change log
  std::uint32_t compact_every = 100;           // changes of a text
  std::vector<std::string> http_hosts;
  std::vector<std::string> http_origins;
  std::string http_cert;  // empty: no TLS; with it http_key is set
  std::string http_key;
  std::string http_client_ca;

  // Where each given setting came from. A setting that is not here has its default.
  std::map<std::string, std::string, std::less<>> origins;
  // Settings that were given although they no longer have an effect, and where they came from.
  std::vector<std::pair<std::string, std::string>> retired;
  // For SIGHUP: load_config(flags) reads environment and files again.
  Flags flags;
};

base::Result<Config> load(const Flags& flags, const Surroundings& surroundings);
base::Result<Config> load_config(const Flags& flags);  // look_around(), then load()

// Where a client finds the agent: from the flag, HEARSAY_HTTP, a file, or the default. The text is
// not checked here.
struct HttpSetting {
  std::string text;
  std::string origin;  // empty for the default
};
base::Result<HttpSetting> http_setting(const Flags& flags);

// The data directory of the agent, for commands that change its files.
base::Result<std::string> data_directory_setting(const Flags& flags);

}  // namespace agent
