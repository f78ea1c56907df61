#include "agent/reload.h"

#include <string_view>

#include "gossip/options.h"

namespace agent {
namespace {

std::string listed(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += item + '\n';
  return out;
}

std::string listed(const std::vector<HostPort>& items) {
  std::string out;
  for (const HostPort& item : items) out += item.text() + '\n';
  return out;
}

// `text` is only used to see whether two values differ.
struct Item {
  std::string_view key;
  bool live;  // a running agent can take over a new value
  std::string (*text)(const Config&);
};

constexpr Item kItems[] = {
    {"name", false, [](const Config& c) { return c.name; }},
    {"data_dir", false, [](const Config& c) { return c.data_dir; }},
    {"bind", false, [](const Config& c) { return c.bind.text(); }},
    {"advertise", false,
     [](const Config& c) { return c.advertise ? c.advertise->text() : std::string(); }},
    {"http", false, [](const Config& c) { return c.http.text(); }},
    {"join", true, [](const Config& c) { return listed(c.join); }},
    {"key_file", false, [](const Config& c) { return c.key_file; }},
    {"topology", true,
     [](const Config& c) { return std::string(gossip::topology_name(c.topology)); }},
    {"parent", false, [](const Config& c) { return listed(c.parents); }},
    {"profile", false, [](const Config& c) { return std::string(c.profile.name); }},
    {"log_level", true, [](const Config& c) { return std::string(level_name(c.log_level)); }},
    {"log_format", false,
     [](const Config& c) {
       return std::string(c.log_format == LogFormat::kJson ? "json" : "text");
     }},
    {"log_bytes", false, [](const Config& c) { return std::to_string(c.log_bytes_max); }},
    {"compact_every", false, [](const Config& c) { return std::to_string(c.compact_every); }},
    {"http_hosts", false, [](const Config& c) { return listed(c.http_hosts); }},
    {"http_origins", false, [](const Config& c) { return listed(c.http_origins); }},
    {"http_cert", true, [](const Config& c) { return c.http_cert; }},
    {"http_key", true, [](const Config& c) { return c.http_key; }},
    {"http_client_ca", true, [](const Config& c) { return c.http_client_ca; }},
};

}  // namespace

ReloadPlan compare(const Config& running, const Config& fresh) {
  ReloadPlan plan;
  for (const Item& item : kItems) {
    if (item.text(running) == item.text(fresh)) continue;
    (item.live ? plan.applied : plan.need_restart).emplace_back(item.key);
  }
  return plan;
}

Config after_reload(const Config& running, const Config& fresh) {
  Config next = running;
  next.join = fresh.join;
  next.topology = fresh.topology;
  next.log_level = fresh.log_level;
  next.http_cert = fresh.http_cert;
  next.http_key = fresh.http_key;
  next.http_client_ca = fresh.http_client_ca;
  return next;
}

}  // namespace agent
