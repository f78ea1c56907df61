#include "agent/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "agent/regular_file.h"
#include "crdt/base/trimmed.h"

extern char** environ;

namespace agent {
namespace {

constexpr std::size_t kConfigBytesMax = 1u << 20;

constexpr std::array kSettings{
    SettingInfo{"name", false, "NAME", "the name that other agents see (default: the host name)"},
    SettingInfo{"data_dir", false, "DIR",
                "directory of the database and the other files of the agent"},
    SettingInfo{"bind", false, "HOST:PORT",
                "address for UDP and TCP of the mesh (default 0.0.0.0:7700)"},
    SettingInfo{"advertise", false, "HOST:PORT",
                "address at which other agents reach this one, if it is not --bind"},
    SettingInfo{"http", false, "HOST:PORT",
                "address for HTTP, loopback only (default 127.0.0.1:7780)"},
    SettingInfo{"join", true, "HOST:PORT", "address of an agent to join; may be repeated"},
    SettingInfo{"key_file", false, "FILE",
                "file with the mesh key (default: the agent makes a key of its own)"},
    SettingInfo{"topology", false, "NAME",
                "how changes spread: push-pull or direct (default push-pull)"},
    SettingInfo{"parent", true, "HOST:PORT",
                "refused: only the topology tree has parents, and this version has no tree"},
    SettingInfo{"profile", false, "NAME",
                "times for a kind of network: local, lan, wan or edge (default lan)"},
    SettingInfo{"log_level", false, "LEVEL",
                "least important lines to log: error, warn, info or debug (default info)"},
    SettingInfo{"log_format", false, "FORMAT", "form of log lines: text or json (default text)"},
    SettingInfo{"log_bytes", false, "BYTES",
                "size of the change log in bytes (default 268435456, which is 256 MiB)", true},
    SettingInfo{"compact_every", false, "CHANGES",
                "fold a text in the commit with so many changes of it, 1 to 10000 (default 100)",
                true},
    SettingInfo{"mark_dir", false, "DIR", "has no effect any more", false, true},
    SettingInfo{"http_hosts", true, "HOST",
                "a further value of the header Host to answer to; may be repeated"},
    SettingInfo{"http_origins", true, "ORIGIN",
                "a value of the header Origin to allow; may be repeated"},
    SettingInfo{"http_cert", false, "FILE",
                "certificate of the agent (PEM); the HTTP port then speaks TLS 1.3 only"},
    SettingInfo{"http_key", false, "FILE", "key of --http-cert (PEM), readable by its owner only"},
    SettingInfo{"http_client_ca", false, "FILE",
                "who issues certificates of clients (PEM); other certificates are refused"},
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

const char* kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

// Nullopt: the value is of another kind than the setting.
std::optional<std::string> scalar_text(const SettingInfo& info, const toml::node& node) {
  if (!info.is_number) return node.value_exact<std::string>();
  auto number = node.value_exact<std::int64_t>();
  return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

// "join takes an array of strings, such as ["…"], not a string".
std::string wrong_kind(const SettingInfo& info, std::string_view shown_key,
                       const toml::node& node) {
  const char* wanted = info.repeats     ? "an array of strings, such as [\"{}\"]"
                       : info.is_number ? "a whole number without quotes"
                                        : "a string in quotes, such as \"{}\"";
  auto expected = fmt::format(fmt::runtime(wanted), info.shape);
  return fmt::format("{} takes {}, not {}", shown_key, expected, kind_of(node));
}

base::Result<Setting> file_setting(const SettingInfo& info, std::string_view shown_key,
                                   const toml::node& node, const std::string& path) {
  Setting setting;
  setting.origin = fmt::format("{}:{}", path, node.source().begin.line);
  auto wrong = [&](const toml::node& at) {
    return at_line(path, at.source(), wrong_kind(info, shown_key, at));
  };
  if (!info.repeats) {
    auto text = scalar_text(info, node);
    if (!text) return wrong(node);
    setting.values.push_back(std::move(*text));
    return setting;
  }
  if (!node.is_array()) return wrong(node);
  for (const auto& item : *node.as_array()) {
    auto text = scalar_text(info, item);
    if (!text) {
      return at_line(path, item.source(),
                     fmt::format("each element of {} is a string in quotes, not {}", shown_key,
                                 kind_of(item)));
    }
    setting.values.push_back(std::move(*text));
  }
  return setting;
}

// `prefix` is "http_" inside [http]: the key `hosts` there is the setting http_hosts, the key
// `listen` is http.
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
    auto shown = prefix.empty() ? std::string(name.str()) : fmt::format("http.{}", name.str());
    if (info == nullptr) return at_line(path, name.source(), fmt::format("unknown key {}", shown));
    if (out.contains(key)) return at_line(path, name.source(), fmt::format("{} is set twice", key));
    ASSIGN_OR_RETURN(auto setting, file_setting(*info, shown, node, path));
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

// Space around a part and empty parts are ignored: "a:1, b:2," has two parts.
std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    auto comma = std::min(text.find(','), text.size());
    auto part = base::trimmed(text.substr(0, comma));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

base::Status add_file(const std::string& path, bool required, std::vector<ConfigFile>& out) {
  auto file = read_regular_file(path, kConfigBytesMax);
  if (!file.ok()) return base::invalid(file.error().message);
  if (*file) {
    out.push_back({path, std::move((*file)->text)});
  } else if (required) {
    return base::invalid(fmt::format("read {}: no such file", path));
  }
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
