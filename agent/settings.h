#pragma once

// Settings as text, before anyone judges them: one table says what can be set, and gather() takes
// each from the strongest place that has it. A flag beats the environment, the environment beats a
// file, a later file beats an earlier one; a list replaces a weaker list.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/base/result.h"

namespace agent {

// `data_dir` is the flag --data-dir, the variable HEARSAY_DATA_DIR and the key data_dir in a file.
struct SettingInfo {
  std::string_view key;
  bool repeats;  // flags again and again, the variable with commas, an array in a file
  std::string_view shape;
  std::string_view help;
  bool is_number = false;  // a whole number in a file, without quotes; all others are strings
  // Accepted because configurations name it, without effect; no help shows it.
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

// What a program finds where it was started; a value, so that tests need no host of their own.
struct Surroundings {
  Environment environment;
  std::string host_name;
  bool root = false;
  std::vector<ConfigFile> files;  // the weakest first
};

struct Setting {
  std::vector<std::string> values;
  std::string origin;  // "flag --name", "HEARSAY_NAME", "/etc/hearsay/hearsay.toml:3"
};
using Settings = std::map<std::string, Setting, std::less<>>;

// Pure. An unknown key or a value of the wrong kind in a file (`name = 5`, `join = "a:1"`) is
// kInvalid and names file and line. An empty variable counts as unset; space around the parts of a
// list is dropped.
base::Result<Settings> gather(const Flags& flags, const Surroundings& surroundings);

// Reads environment, host name and files: the file of --config or HEARSAY_CONFIG, which must be
// there, else /etc/hearsay/hearsay.toml and hearsay/hearsay.toml under XDG_CONFIG_HOME (default
// ~/.config), which need not.
base::Result<Surroundings> look_around(const Flags& flags);

// A directory of the XDG base directories: the variable where it holds an absolute path, else
// `fallback` under HOME; empty where neither helps.
std::string xdg_directory(const Environment& environment, std::string_view variable,
                          std::string_view fallback);

}  // namespace agent
