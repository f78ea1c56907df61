#pragma once

// Everything `hearsay agent` can be told, judged and typed. load() is pure: the same flags and
// surroundings give the same configuration or the same refusal. A refusal is kInvalid and means
// exit 2.

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
  HostPort bind{"0.0.0.0", 7700};     // port 0: a free one
  std::optional<HostPort> advertise;  // absent: at `bind`
  HostPort http{"127.0.0.1", 7780};   // loopback; port 0: a free one
  std::vector<HostPort> join;
  std::string key_file;  // empty: a key of its own in the data directory
  gossip::Topology topology = gossip::Topology::kPushPull;
  std::vector<HostPort> parents;
  gossip::Profile profile;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  std::uint64_t log_bytes_max = 256ull << 20;  // of the change log
  std::vector<std::string> http_hosts;
  std::vector<std::string> http_origins;

  // Where each setting that was given came from; what is missing here is a default.
  std::map<std::string, std::string, std::less<>> origins;
  // Settings that were given although they have no effect any more, with where they came from.
  std::vector<std::pair<std::string, std::string>> retired;
  // For SIGHUP: load_config(flags) reads environment and files again.
  Flags flags;
};

base::Result<Config> load(const Flags& flags, const Surroundings& surroundings);
base::Result<Config> load_config(const Flags& flags);  // look_around(), then load()

// Where a client finds the agent: flag, HEARSAY_HTTP, a file, the default. As it was written.
struct HttpSetting {
  std::string text;
  std::string origin;  // empty for the default
};
base::Result<HttpSetting> http_setting(const Flags& flags);

}  // namespace agent
