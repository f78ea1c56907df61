// Reads the tables of docs/cli.md and compares them with the program.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "agent/config.h"
#include "tests/cli/program.h"
#include "tools/cli/exit.h"

namespace cli {
namespace {

using Cells = std::vector<std::string>;

std::string document() {
  std::stringstream text;
  text << std::ifstream(HEARSAY_CLI_DOCUMENT).rdbuf();
  return text.str();
}

// The cells of one line of a table. `\|` is text, not a border.
Cells cells_of(const std::string& line) {
  Cells cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      auto first = cell.find_first_not_of(' ');
      cells.push_back(first == std::string::npos
                          ? ""
                          : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

// The rows of the first table under a heading, without the head of the table.
std::vector<Cells> table_under(const std::string& heading) {
  std::istringstream lines(document());
  std::vector<Cells> rows;
  bool under = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) {
      if (under) break;
      under = line == "## " + heading;
    }
    if (under && line.starts_with('|')) rows.push_back(cells_of(line));
  }
  EXPECT_GT(rows.size(), 2u) << heading;
  if (rows.size() > 2) rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

// The text in the first pair of backticks.
std::string code_in(const std::string& cell) {
  auto open = cell.find('`');
  if (open == std::string::npos) return {};
  return cell.substr(open + 1, cell.find('`', open + 1) - open - 1);
}

std::string help_of(const Program::Words& command) {
  auto words = command;
  words.push_back("--help");
  auto ended = run_program(words);
  EXPECT_EQ(ended.exit, 0) << testing::PrintToString(command) << ended.err;
  return ended.out;
}

TEST(CliDocument, NamesEverySettingWithItsKeyAndDefault) {
  agent::Surroundings host;
  host.environment = {{"HOME", "/h"}};
  auto config = agent::load({}, host);
  host.host_name = "h";
  config = agent::load({}, host);
  ASSERT_TRUE(config.ok()) << config.error().message;
  const std::map<std::string, std::string> defaults{
      {"bind", config->bind.text()},
      {"http", config->http.text()},
      {"topology", std::string(gossip::topology_name(config->topology))},
      {"profile", std::string(config->profile.name)},
      {"log_level", std::string(agent::level_name(config->log_level))},
      {"log_format", "text"},
      {"log_bytes", std::to_string(config->log_bytes_max)},
      {"compact_every", std::to_string(config->compact_every)}};
  std::set<std::string> documented;
  for (const auto& row : table_under("Configuration of the agent")) {
    ASSERT_GE(row.size(), 3u);
    auto key = code_in(row[1]);
    bool array = key.ends_with(" = […]");
    if (array) key = key.substr(0, key.find(' '));
    EXPECT_EQ(code_in(row[0]), agent::flag_of(key));
    documented.insert(key);
    for (const auto& setting : agent::settings()) {
      if (setting.key != key) continue;
      EXPECT_EQ(setting.repeats, array) << key;
    }
    if (auto known = defaults.find(key); known != defaults.end()) {
      EXPECT_NE(row[2].find(known->second), std::string::npos) << key << ": " << row[2];
    }
  }
  std::set<std::string> settings;
  for (const auto& setting : agent::settings()) settings.emplace(setting.key);
  EXPECT_EQ(documented, settings);
}

TEST(CliDocument, NamesEveryExitCode) {
  std::set<int> documented;
  for (const auto& row : table_under("Exit codes")) documented.insert(std::stoi(row.at(0)));

  EXPECT_EQ(documented, (std::set<int>{kDone, kError, kUsage, kNoConnection, kNotFound, kUnhealthy,
                                       kNotAllowed, kTimedOut, kInterrupted}));
}

TEST(CliDocument, NamesCommandsAndFlagsThatExistAndNoOthersExist) {
  std::map<std::string, std::set<std::string>> documented;  // command to flags
  for (const auto& row : table_under("Commands")) {
    std::istringstream words(code_in(row.at(0)));
    std::string command;
    for (std::string word; words >> word;) {
      if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos) break;
      command += (command.empty() ? "" : " ") + word;
    }
    if (command.starts_with("images")) continue;  // "the same"
    auto& flags = documented[command];
    auto text = code_in(row.at(0));
    for (auto at = text.find("--"); at != std::string::npos; at = text.find("--", at + 2)) {
      flags.insert(text.substr(at, text.find_first_of(" ]", at) - at));
    }
  }
  for (const auto& [command, flags] : documented) {
    std::istringstream words(command);
    Program::Words list;
    for (std::string word; words >> word;) list.push_back(word);
    auto help = help_of(list);
    for (const auto& flag : flags) {
      EXPECT_NE(help.find(flag), std::string::npos) << command << " " << flag;
    }
    if (command == "agent") continue;  // its flags are the settings
    for (const char* flag :
         {"--meta ", "--meta-string", "--json", "--must-exist", "--string", "--out"}) {
      std::string name(flag);
      if (name.ends_with(' ')) name.pop_back();
      if (help.find("  " + std::string(flag)) != std::string::npos) {
        EXPECT_TRUE(flags.contains(name)) << command << " " << name;
      }
    }
  }
  for (const char* branch : {"snapshots", "objects", "apikey", "tls"}) {
    std::istringstream lines(help_of({branch}));
    bool commands = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("Subcommands") || line.starts_with("SUBCOMMANDS")) {
        commands = true;
      } else if (commands && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
        auto verb = line.substr(2, line.find(' ', 2) - 2);
        EXPECT_TRUE(documented.contains(std::string(branch) + " " + verb)) << branch << verb;
      }
    }
    EXPECT_TRUE(commands) << branch;
  }
}

TEST(CliDocument, CommonFlagsAreThoseOfTheProgram) {
  auto help = help_of({});
  for (const auto& row : table_under("Common flags")) {
    auto flag = code_in(row.at(0));
    EXPECT_NE(help.find(flag.substr(0, flag.find(' '))), std::string::npos) << flag;
  }
  EXPECT_NE(help.find("default 30"), std::string::npos);
  EXPECT_NE(help.find("default 127.0.0.1:7780"), std::string::npos);
}

}  // namespace
}  // namespace cli
