#include "agent/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

extern char** environ;

namespace agent {
namespace {

constexpr std::size_t kConfigBytesMax = 1u << 20;

constexpr std::array kSettings{
    SettingInfo{"name", false, "NAME", "what others call this agent (default: the host name)"},
    SettingInfo{"data_dir", false, "DIR", "where the data lives"},
    SettingInfo{"bind", false, "HOST:PORT", "UDP and TCP of the mesh (default 0.0.0.0:7700)"},
    SettingInfo{"advertise", false, "HOST:PORT", "where others reach it, if not at --bind"},
    SettingInfo{"http", false, "HOST:PORT", "the local HTTP port (default 127.0.0.1:7780)"},
    SettingInfo{"join", true, "HOST:PORT", "an agent to join; may be repeated"},
    SettingInfo{"key_file", false, "FILE", "the mesh key (default: one of its own)"},
    SettingInfo{"topology", false, "NAME",
                "how changes spread: push-pull, direct (default push-pull)"},
    SettingInfo{"parent", true, "HOST:PORT", "a fixed parent in the tree; may be repeated"},
    SettingInfo{"profile", false, "NAME", "timing: local, lan, wan, edge (default lan)"},
    SettingInfo{"log_level", false, "LEVEL", "error, warn, info, debug (default info)"},
    SettingInfo{"log_format", false, "FORMAT", "text or json (default text)"},
    SettingInfo{"log_bytes", false, "BYTES", "what the change log may keep (default 256 MiB)"},
    SettingInfo{"mark_dir", false, "DIR", "where the mark of a clean stop lives"},
    SettingInfo{"http_hosts", true, "HOST", "a further Host to answer to; may be repeated"},
    SettingInfo{"http_origins", true, "ORIGIN", "an Origin to allow; may be repeated"},
};

const SettingInfo* find_setting(std::string_view key) {
  auto found = std::find_if(kSettings.begin(), kSettings.end(),
                            [&](const SettingInfo& setting) { return setting.key == key; });
  return found == kSettings.end() ? nullptr : &*found;
}

base::Error at_line(const std::string& path, const toml::source_region& where,
                    std::string_view what) {
  return base::invalid(fmt::format("{}:{}: {}", path, where.begin.line, what));
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  return std::nullopt;
}

base::Result<Setting> file_setting(const SettingInfo& info, const toml::node& node,
                                   const std::string& path) {
  Setting setting;
  setting.origin = fmt::format("{}:{}", path, node.source().begin.line);
  auto wrong = [&](const toml::node& at) {
    return at_line(
        path, at.source(),
        fmt::format("{} takes {}", info.key,
                    info.repeats ? "an array of strings" : "one string or whole number"));
  };
  if (auto text = scalar_text(node)) {
    setting.values.push_back(std::move(*text));
    return setting;
  }
  if (!info.repeats || !node.is_array()) return wrong(node);
  for (const auto& item : *node.as_array()) {
    auto text = scalar_text(item);
    if (!text) return wrong(item);
    setting.values.push_back(std::move(*text));
  }
  return setting;
}

// `prefix` is "http_" inside [http]: its hosts are the setting http_hosts, its listen is http.
base::Status read_table(const toml::table& table, std::string_view prefix, const std::string& path,
                        Settings& out) {
  for (const auto& [name, node] : table) {
    std::string key(prefix);
    key += name.str();
    std::replace(key.begin(), key.end(), '-', '_');
    if (key == "http" && node.is_table()) {
      RETURN_IF_ERROR(read_table(*node.as_table(), "http_", path, out));
      continue;
    }
    if (prefix == "http_" && key == "http_listen") key = "http";
    const auto* info = find_setting(key);
    if (info == nullptr) {
      auto shown = prefix.empty() ? std::string(name.str()) : fmt::format("http.{}", name.str());
      return at_line(path, name.source(), fmt::format("unknown key {}", shown));
    }
    if (out.contains(key)) return at_line(path, name.source(), fmt::format("{} is set twice", key));
    ASSIGN_OR_RETURN(auto setting, file_setting(*info, node, path));
    out.emplace(key, std::move(setting));
  }
  return {};
}

base::Result<Settings> read_file(const ConfigFile& file) {
  Settings settings;
  try {
    auto table = toml::parse(std::string_view(file.text), std::string_view(file.path));
    RETURN_IF_ERROR(read_table(table, "", file.path, settings));
  } catch (const toml::parse_error& error) {
    return at_line(file.path, error.source(), error.description());
  }
  return settings;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    auto comma = std::min(text.find(','), text.size());
    auto part = text.substr(0, comma);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

base::Result<std::string> read_whole(const std::string& path, bool& missing) {
  missing = false;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                       std::fclose);
  if (!file) {
    missing = errno == ENOENT || errno == ENOTDIR;
    return base::invalid(fmt::format("read {}: {}", path, std::strerror(errno)));
  }
  std::string text(kConfigBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return base::invalid(fmt::format("read {}: {}", path, std::strerror(errno)));
  }
  if (text.size() > kConfigBytesMax) {
    return base::invalid(fmt::format("read {}: larger than {} bytes", path, kConfigBytesMax));
  }
  return text;
}

base::Status add_file(const std::string& path, bool required, std::vector<ConfigFile>& out) {
  bool missing = false;
  auto text = read_whole(path, missing);
  if (!text.ok()) return missing && !required ? base::Status{} : base::Status{text.error()};
  out.push_back({path, *std::move(text)});
  return {};
}

std::string explicit_config(const Flags& flags, const Environment& environment) {
  if (auto flag = flags.find("config"); flag != flags.end()) return flag->second.back();
  auto variable = environment.find("HEARSAY_CONFIG");
  return variable == environment.end() ? std::string{} : variable->second;
}

}  // namespace

std::span<const SettingInfo> settings() { return kSettings; }

std::string flag_of(std::string_view key) {
  std::string flag = "--" + std::string(key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string variable_of(std::string_view key) {
  std::string variable = "HEARSAY_";
  for (char c : key) variable.push_back(static_cast<char>(std::toupper(c)));
  return variable;
}

base::Result<Settings> gather(const Flags& flags, const Surroundings& surroundings) {
  Settings all;
  for (const auto& file : surroundings.files) {
    ASSIGN_OR_RETURN(auto from_file, read_file(file));
    for (auto& [key, setting] : from_file) all.insert_or_assign(key, std::move(setting));
  }
  for (const auto& info : kSettings) {
    std::string key(info.key);
    auto variable = surroundings.environment.find(variable_of(key));
    if (variable != surroundings.environment.end() && !variable->second.empty()) {
      auto values = info.repeats ? split_commas(variable->second)
                                 : std::vector<std::string>{variable->second};
      all.insert_or_assign(key, Setting{std::move(values), variable->first});
    }
    auto flag = flags.find(key);
    if (flag == flags.end() || flag->second.empty()) continue;
    all.insert_or_assign(key, Setting{flag->second, "flag " + flag_of(key)});
  }
  return all;
}

base::Result<Surroundings> look_around(const Flags& flags) {
  Surroundings found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view pair(*entry);
    auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    found.environment.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) found.host_name = host.data();
  found.root = geteuid() == 0;

  if (auto path = explicit_config(flags, found.environment); !path.empty()) {
    RETURN_IF_ERROR(add_file(path, true, found.files));
    return found;
  }
  RETURN_IF_ERROR(add_file("/etc/hearsay/hearsay.toml", false, found.files));
  auto home = xdg_directory(found.environment, "XDG_CONFIG_HOME", ".config");
  if (!home.empty()) RETURN_IF_ERROR(add_file(home + "/hearsay/hearsay.toml", false, found.files));
  return found;
}

std::string xdg_directory(const Environment& environment, std::string_view variable,
                          std::string_view fallback) {
  auto set = environment.find(variable);
  if (set != environment.end() && set->second.starts_with('/')) return set->second;
  auto home = environment.find("HOME");
  if (home == environment.end() || !home->second.starts_with('/')) return {};
  return home->second + "/" + std::string(fallback);
}

}  // namespace agent
