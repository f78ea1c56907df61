#pragma once

// The part of the command tree that needs no running agent: new keys, certificates, the version.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "agent/settings.h"
#include "tools/cli/certificate_commands.h"
#include "tools/cli/key_commands.h"
#include "tools/cli/option_words.h"
#include "tools/cli/printer.h"

namespace cli {

class LocalCommands {
 public:
  using Command = std::function<int(Printer&)>;
  using Choose = std::function<void(Command)>;

  // `flags`: where --data-dir and --config go.
  explicit LocalCommands(agent::Flags& flags) : flags_(flags) {}
  // Adds the commands to `app`. `choose` gets the one that the command line selects.
  void add(CLI::App& app, Choose choose);

 private:
  void add_version(CLI::App& app);
  void add_keygen(CLI::App& app);
  void add_keys(CLI::App& app);
  void add_certificates(CLI::App& app);
  void data_dir_option(CLI::App* command);
  void on(CLI::App* command, Command run);

  agent::Flags& flags_;
  Choose choose_;
  std::string word_;  // the argument of the selected command
  std::string out_;
  NewApiKey key_;
  NewCertificate certificate_;
};

}  // namespace cli
