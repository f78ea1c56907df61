#pragma once

// Settings as text, before they are checked. One table lists all settings. gather() takes each
// setting from the strongest place that has it: a flag beats the environment, the environment beats
// a file, a later file beats an earlier one. A list replaces a weaker list as a whole.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/base/result.h"

namespace agent {

// Example: `data_dir` is the flag --data-dir, the variable HEARSAY_DATA_DIR and the key data_dir in
// a file.
struct SettingInfo {
  std::string_view key;
  bool repeats;  // a repeated flag, a variable with commas, an array in a file
  std::string_view shape;
  std::string_view help;
  bool is_number = false;  // a whole number in a file, without quotes; all others are strings
  // Accepted because old configurations have it, but without effect. No help shows it.
  bool retired = false;
};
std::span<const SettingInfo> settings();
std::string flag_of(std::string_view key);
std::string variable_of(std::string_view key);

using Flags = std::map<std::string, std::vector<std::string>, std::less<>>;  // by key
using Environment = std::map<std::string, std::string, std::less<>>;

struct ConfigFile {
  std::string path;
  std::string text;
};

// What a program finds on its host at the start. A value, so that tests do not depend on their
// host.
struct Surroundings {
  Environment environment;
  std::string host_name;
  bool root = false;
  std::vector<ConfigFile> files;  // the weakest one first
};

struct Setting {
  std::vector<std::string> values;
  std::string origin;  // "flag --name", "HEARSAY_NAME", "/etc/hearsay/hearsay.toml:3"
};
using Settings = std::map<std::string, Setting, std::less<>>;

// The result depends on the arguments only. An unknown key or a value of the wrong kind in a file
// (`name = 5`, `join = "a:1"`) gives kInvalid with file and line. An empty variable counts as
// unset. Space around the parts of a list is dropped.
base::Result<Settings> gather(const Flags& flags, const Surroundings& surroundings);

// Reads the environment, the host name and the files. The file of --config or HEARSAY_CONFIG must
// exist. Without both, /etc/hearsay/hearsay.toml and then hearsay/hearsay.toml under
// XDG_CONFIG_HOME (default ~/.config) are read if they exist.
base::Result<Surroundings> look_around(const Flags& flags);

// A directory of the XDG base directories: the value of the variable if it is an absolute path,
// else `fallback` under HOME. Empty if HOME is no absolute path either.
std::string xdg_directory(const Environment& environment, std::string_view variable,
                          std::string_view fallback);

}  // namespace agent
