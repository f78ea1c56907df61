// The program `hearsay`: `hearsay agent` is the daemon; every other command is a client of its HTTP
// port.

#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "agent/api/scoped_address.h"
#include "agent/config.h"
#include "agent/daemon.h"
#include "agent/descriptors.h"
#include "agent/held_signals.h"
#include "agent/memory.h"
#include "agent/reload.h"
#include "agent/standard_streams.h"
#include "tools/cli/cli.h"

namespace {

agent::TlsFiles tls_files(const agent::Config& config) {
  return {config.http_cert, config.http_key, config.http_client_ca};
}

agent::DaemonOptions daemon_options(const agent::Config& config) {
  agent::DaemonOptions options;
  options.name = config.name;
  options.data_dir = config.data_dir;
  options.key_file = config.key_file;
  options.http_host = config.http.host;
  options.http_port = config.http.port;
  options.http.hosts = config.http_hosts;
  options.http.origins = config.http_origins;
  options.tls = tls_files(config);
  for (const agent::HostPort& seed : config.join) options.join.push_back(seed.text());
  options.mesh.name = config.name;
  options.mesh.node.profile = config.profile;
  options.mesh.node.topology = config.topology;
  options.replica.store.log_bytes_max = config.log_bytes_max;
  options.replica.store.fold_changes = config.compact_every;
  return options;
}

// An address to bind or to advertise. The configuration has only numeric ones, but the interface
// after '%' may not exist on this host.
base::Result<gossip::Address> numeric(const agent::HostPort& where, const char* what) {
  if (auto address = agent::parse_scoped(where.text())) return *address;
  return base::invalid(std::string(what) + " " + where.text() +
                       ": this host has no such interface");
}

std::string joined(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : ", ") + key;
  return out.empty() ? "nothing" : out;
}

// `running` is the configuration in force. It is updated with the settings that are taken over.
void reload(agent::Config& running, agent::Log& log, agent::Daemon& daemon) {
  daemon.read_keys_again();  // first: a key must go even if the configuration has an error
  auto fresh = agent::load_config(running.flags);
  if (!fresh.ok()) {
    log.error("reload_refused", {{"reason", fresh.error().message}});
    return;
  }
  agent::ReloadPlan plan = agent::compare(running, *fresh);
  running = agent::after_reload(running, *fresh);
  log.set_level(running.log_level);
  std::vector<std::string> seeds;
  for (const agent::HostPort& seed : running.join) seeds.push_back(seed.text());
  daemon.set_seeds(seeds);
  daemon.set_topology(running.topology);
  daemon.set_tls(tls_files(running));  // also under the same names: the files may be new
  log.info("reloaded", {{"applied", joined(plan.applied)}});
  if (plan.need_restart.empty()) return;
  log.warn(
      "reload_needs_restart",
      {{"settings", joined(plan.need_restart)},
       {"hint",
        "these settings changed, but a running agent cannot take them over; restart the agent"}});
}

int run_agent(const agent::Config& config) {
  agent::LogOptions log_options;
  log_options.level = config.log_level;
  log_options.format = config.log_format;
  agent::Log log(log_options);
  auto refuse = [&](const base::Error& error, int exit_code) {
    log.error("start_refused", {{"reason", error.message}});
    return exit_code;
  };
  for (const auto& [key, origin] : config.retired) {
    log.warn("setting_without_effect",
             {{"setting", key},
              {"from", origin},
              {"meaning", "this setting has no effect any more; remove it"}});
  }
  agent::DaemonOptions options = daemon_options(config);
  auto bind = numeric(config.bind, "--bind");
  if (!bind.ok()) return refuse(bind.error(), 2);
  options.mesh.bind = *bind;
  if (config.advertise) {
    auto advertise = numeric(*config.advertise, "--advertise");
    if (!advertise.ok()) return refuse(advertise.error(), 2);
    options.mesh.advertise = *advertise;
  }
  if (auto enough = agent::check_descriptors(); !enough.ok()) return refuse(enough.error(), 1);
  options.http.connections_max =
      std::min(options.http.connections_max, agent::raise_descriptors() / 2);
  agent::Config running = config;
  for (;;) {
    auto daemon = std::make_unique<agent::Daemon>(options, log);
    daemon->on_reload([&, raw = daemon.get()] { reload(running, log, *raw); });
    if (auto started = daemon->start(); !started.ok()) return refuse(started.error(), 1);
    int exit_code = daemon->run();
    if (!daemon->starts_again()) return exit_code;
    options = daemon->again_options();
  }
}

}  // namespace

int main(int argc, char** argv) {
  agent::keep_standard_streams();
  agent::hold_signals();  // cli::run() releases them for every command but `agent`
  agent::keep_heap_small();
  if (sodium_init() < 0) {
    agent::Log(agent::LogOptions{})
        .error("start_refused", {{"reason", "libsodium cannot be set up on this host"}});
    return 1;
  }
  return cli::run(argc, argv, run_agent);
}
