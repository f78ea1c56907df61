#include "agent/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "crdt/base/bytes.h"
#include "store/options.h"

namespace agent {
namespace {

constexpr std::uint64_t kLogBytesMin = 1u << 20;  // a smaller log cannot hold one large change

// Checks settings one after the other. The first error is kept.
class Judge {
 public:
  Judge(const Settings& settings, Config& config) : settings_(settings), config_(config) {}
  const base::Status& status() const { return status_; }

  void name(const std::string& host_name);
  void directories(const Surroundings& surroundings);
  void network();
  void http();
  void tls();
  void spreading();
  void logging();
  void compaction();

 private:
  // The one value of `key`; null if it was not given.
  const std::string* value(std::string_view key);
  const std::vector<std::string>* values(std::string_view key);
  void refuse(std::string_view key, std::string_view text, std::string_view expected);
  std::optional<HostPort> address(std::string_view key, const std::string& text);
  std::optional<HostPort> reachable(std::string_view key, const std::string& text);
  void file(std::string_view key, std::string& out);
  bool is_numeric(std::string_view key, const std::string& text, const HostPort& address);
  void reachable_list(std::string_view key, std::vector<HostPort>& out);
  void one_of_ours(std::string_view key, std::string_view text, std::string_view which);

  const Settings& settings_;
  Config& config_;
  base::Status status_;
};

const std::vector<std::string>* Judge::values(std::string_view key) {
  auto found = settings_.find(key);
  if (found == settings_.end()) return nullptr;
  config_.origins.insert_or_assign(std::string(key), found->second.origin);
  return &found->second.values;
}

const std::string* Judge::value(std::string_view key) {
  const auto* all = values(key);
  return all == nullptr || all->empty() ? nullptr : &all->back();
}

void Judge::refuse(std::string_view key, std::string_view text, std::string_view expected) {
  if (!status_.ok()) return;
  auto found = settings_.find(key);
  auto origin = found == settings_.end() ? "default" : found->second.origin;
  status_ =
      base::invalid(fmt::format("{} \"{}\" ({}): {}", key, printable(text, 256), origin, expected));
}

bool has_control_character(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    bool c1 = byte == 0xC2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xA0;
    if (c1) return true;
  }
  return false;
}

void Judge::name(const std::string& host_name) {
  const auto* given = value("name");
  config_.name = given != nullptr ? *given : host_name;
  bool fits = !config_.name.empty() && config_.name.size() <= gossip::kNameMax &&
              base::is_utf8(config_.name) && !has_control_character(config_.name);
  if (!fits) {
    refuse("name", config_.name,
           fmt::format("a name is 1 to {} bytes of UTF-8 without control characters",
                       gossip::kNameMax));
  }
}

// The system would cut a path at a NUL character.
bool is_path(const std::string& text) {
  return !text.empty() && text.find('\0') == std::string::npos;
}

void Judge::file(std::string_view key, std::string& out) {
  const auto* given = value(key);
  if (given == nullptr) return;
  out = *given;
  if (!is_path(*given)) refuse(key, *given, "expected a file");
}

void Judge::directories(const Surroundings& surroundings) {
  const auto& environment = surroundings.environment;
  if (const auto* given = value("data_dir")) {
    config_.data_dir = *given;
    if (!is_path(*given)) refuse("data_dir", *given, "expected a directory");
  } else if (surroundings.root) {
    config_.data_dir = "/var/lib/hearsay";
  } else {
    auto state = xdg_directory(environment, "XDG_STATE_HOME", ".local/state");
    if (state.empty())
      refuse("data_dir", "",
             "neither XDG_STATE_HOME nor HOME is set to an absolute path; set one of them, or give "
             "--data-dir");
    config_.data_dir = state + "/hearsay";
  }

  file("key_file", config_.key_file);
}

std::optional<HostPort> Judge::address(std::string_view key, const std::string& text) {
  auto parsed = HostPort::parse(text);
  if (!parsed) refuse(key, text, "expected HOST:PORT; " + HostPort::problem(text));
  return parsed;
}

// An address to which others can send. They cannot use an any-address or port 0.
std::optional<HostPort> Judge::reachable(std::string_view key, const std::string& text) {
  auto parsed = address(key, text);
  if (!parsed) return std::nullopt;
  if (parsed->port == 0 || parsed->is_any()) {
    refuse(key, text, "expected an address that can be reached, with its port");
    return std::nullopt;
  }
  return parsed;
}

// What this agent binds or tells others must be an address. A name may have several addresses, and
// they may change.
bool Judge::is_numeric(std::string_view key, const std::string& text, const HostPort& address) {
  if (address.is_numeric()) return true;
  refuse(key, text,
         fmt::format("a name is not accepted here; write an address, such as {}:{} or [::1]:{}",
                     key == "bind" ? "0.0.0.0" : "192.0.2.10", address.port, address.port));
  return false;
}

void Judge::reachable_list(std::string_view key, std::vector<HostPort>& out) {
  const auto* given = values(key);
  if (given == nullptr) return;
  for (const auto& text : *given) {
    if (auto address = reachable(key, text)) out.push_back(std::move(*address));
  }
}

void Judge::network() {
  if (const auto* given = value("bind")) {
    if (auto parsed = address("bind", *given)) {
      config_.bind = parsed->with_numeric_loopback();
      is_numeric("bind", *given, config_.bind);
    }
  }
  if (const auto* given = value("advertise")) {
    if (auto parsed = reachable("advertise", *given)) {
      config_.advertise = parsed->with_numeric_loopback();
      is_numeric("advertise", *given, *config_.advertise);
    }
  }
  reachable_list("join", config_.join);
  reachable_list("parent", config_.parents);
}

// Whether HTTP may be served at this address; the text says why not.
std::optional<std::string> refuse_to_serve(const HostPort& address, bool has_certificate) {
  if (address.is_loopback() || has_certificate) return std::nullopt;
  return "without TLS, HTTP is served on loopback only (127.0.0.1, [::1], localhost); set "
         "http_cert and http_key (\"hearsay tls issue\" makes them)";
}

void Judge::http() {
  if (const auto* given = value("http")) {
    auto address = HostPort::parse_http(*given);
    const bool has_certificate = value("http_cert") != nullptr;
    if (given->starts_with("unix:")) {
      refuse("http", *given,
             "the agent needs HOST:PORT here; unix:PATH is for client commands (the agent always "
             "has the socket http.sock in its data directory)");
    } else if (!address) {
      refuse("http", *given,
             "expected HOST:PORT, http://HOST:PORT or https://HOST:PORT; " +
                 HostPort::problem_http(*given));
    } else if (HostPort::is_https(*given) && !has_certificate) {
      refuse("http", *given,
             "https needs a certificate; set http_cert and http_key (\"hearsay tls issue\" makes "
             "them)");
    } else if (auto reason = refuse_to_serve(*address, has_certificate)) {
      refuse("http", *given, *reason);
    } else {
      config_.http = address->with_numeric_loopback();
    }
  }
  if (const auto* given = values("http_hosts")) config_.http_hosts = *given;
  for (const auto& host : config_.http_hosts) {
    bool plain = !host.empty() && host.find_first_of("/*, \t") == std::string::npos;
    if (!plain) refuse("http_hosts", host, "expected HOST or HOST:PORT");
  }
  if (const auto* given = values("http_origins")) config_.http_origins = *given;
  for (const auto& origin : config_.http_origins) {
    auto scheme = origin.find("://");
    bool whole = scheme != std::string::npos && scheme > 0 && scheme + 3 < origin.size() &&
                 origin.find_first_of("/*, \t", scheme + 3) == std::string::npos;
    if (!whole) refuse("http_origins", origin, "expected SCHEME://HOST[:PORT], never *");
  }
}

void Judge::tls() {
  file("http_cert", config_.http_cert);
  file("http_key", config_.http_key);
  file("http_client_ca", config_.http_client_ca);
  bool cert = !config_.http_cert.empty();
  if (cert && config_.http_key.empty()) {
    refuse("http_cert", config_.http_cert, "a certificate needs its key; set http_key too");
  }
  if (!cert && !config_.http_key.empty()) {
    refuse("http_key", config_.http_key, "a key needs its certificate; set http_cert too");
  }
  if (!cert && !config_.http_client_ca.empty()) {
    refuse("http_client_ca", config_.http_client_ca,
           "clients show a certificate only with TLS; set http_cert and http_key too");
  }
}

void Judge::one_of_ours(std::string_view key, std::string_view text, std::string_view which) {
  refuse(key, text, fmt::format("this version has: {}", which));
}

void Judge::spreading() {
  if (const auto* given = value("topology")) {
    auto topology = gossip::topology_from_name(*given);
    if (topology && gossip::has_strategy(*topology)) {
      config_.topology = *topology;
    } else {
      one_of_ours("topology", *given, gossip::topology_names());
    }
  }
  if (!config_.parents.empty() && config_.topology != gossip::Topology::kTree) {
    refuse("parent", config_.parents.front().text(), "only the topology tree has parents");
  }
  const auto* given = value("profile");
  auto profile = gossip::profile_from_name(given != nullptr ? *given : "lan");
  if (!profile) {
    one_of_ours("profile", *given, gossip::profile_names());
    return;
  }
  config_.profile = *profile;
}

void Judge::logging() {
  if (const auto* given = value("log_level")) {
    auto level = level_from_name(*given);
    if (!level) refuse("log_level", *given, "expected error, warn, info or debug");
    if (level) config_.log_level = *level;
  }
  if (const auto* given = value("log_format")) {
    auto format = format_from_name(*given);
    if (!format) refuse("log_format", *given, "expected text or json");
    if (format) config_.log_format = *format;
  }
  if (const auto* given = value("log_bytes")) {
    std::uint64_t bytes = 0;
    const char* end = given->data() + given->size();
    auto [stop, error] = std::from_chars(given->data(), end, bytes);
    // SQLite counts in signed 64 bits, so the bound is INT64_MAX.
    bool fits = error == std::errc() && stop == end && bytes >= kLogBytesMin && bytes <= INT64_MAX;
    if (!fits)
      refuse("log_bytes", *given,
             fmt::format("expected a number of bytes, {} or more", kLogBytesMin));
    config_.log_bytes_max = bytes;
  }
}

void Judge::compaction() {
  const auto* given = value("compact_every");
  if (given == nullptr) return;
  std::uint32_t every = 0;
  const char* end = given->data() + given->size();
  auto [stop, error] = std::from_chars(given->data(), end, every);
  const bool fits =
      error == std::errc() && stop == end && every >= 1 && every <= store::kFoldChangesMax;
  if (!fits) {
    refuse("compact_every", *given,
           fmt::format("expected a number of changes from 1 to {}", store::kFoldChangesMax));
  }
  config_.compact_every = every;
}

}  // namespace

base::Result<Config> load(const Flags& flags, const Surroundings& surroundings) {
  ASSIGN_OR_RETURN(auto settings, gather(flags, surroundings));
  Config config;
  config.flags = flags;
  Judge judge(settings, config);
  judge.name(surroundings.host_name);
  judge.directories(surroundings);
  judge.network();
  judge.http();
  judge.tls();
  judge.spreading();
  judge.logging();
  judge.compaction();
  RETURN_IF_ERROR(judge.status());
  for (const SettingInfo& info : agent::settings()) {
    auto given = settings.find(info.key);
    if (!info.retired || given == settings.end()) continue;
    config.retired.emplace_back(info.key, given->second.origin);
  }
  return config;
}

base::Result<Config> load_config(const Flags& flags) {
  ASSIGN_OR_RETURN(auto surroundings, look_around(flags));
  return load(flags, surroundings);
}

base::Result<std::string> data_directory_setting(const Flags& flags) {
  ASSIGN_OR_RETURN(auto surroundings, look_around(flags));
  ASSIGN_OR_RETURN(auto settings, gather(flags, surroundings));
  Config config;
  Judge judge(settings, config);
  judge.directories(surroundings);
  RETURN_IF_ERROR(judge.status());
  return config.data_dir;
}

base::Result<HttpSetting> http_setting(const Flags& flags) {
  // A client that was told the address of the agent must reach it even if a configuration file is
  // broken.
  if (auto flag = flags.find("http"); flag != flags.end()) {
    return HttpSetting{flag->second.back(), "flag --http"};
  }
  if (const char* variable = std::getenv("HEARSAY_HTTP"); variable != nullptr && *variable != 0) {
    return HttpSetting{variable, "HEARSAY_HTTP"};
  }
  ASSIGN_OR_RETURN(auto surroundings, look_around(flags));
  ASSIGN_OR_RETURN(auto settings, gather(flags, surroundings));
  auto found = settings.find("http");
  if (found == settings.end() || found->second.values.empty()) {
    return HttpSetting{Config{}.http.text(), ""};
  }
  return HttpSetting{found->second.values.back(), found->second.origin};
}

}  // namespace agent
