#include "tools/cli/cli.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <sstream>

#include "agent/held_signals.h"
#include "tools/cli/catalog_commands.h"
#include "tools/cli/descriptors.h"
#include "tools/cli/endpoint.h"
#include "tools/cli/exit.h"
#include "tools/cli/local_commands.h"
#include "tools/cli/mesh_commands.h"
#include "tools/cli/object_commands.h"
#include "tools/cli/option_words.h"
#include "tools/cli/state_commands.h"
#include "tools/cli/watch.h"

namespace cli {
namespace {

constexpr double kTimeoutSecondsMax = 86'400;

// The command tree, and what the command line selected from it.
class Tree {
 public:
  explicit Tree(const AgentEntry& agent);
  int run(int argc, char** argv);

 private:
  using ClientCommand = std::function<int(Session&)>;

  void add_common_options();
  void add_endpoint_options();
  void add_agent();
  void add_mesh_commands();
  void add_catalog(const std::string& object);
  void add_field_commands(CLI::App* catalog, const std::string& object);
  void add_state_commands();
  void add_objects();
  void add_object_values(CLI::App* objects);
  void add_object_texts_and_counters(CLI::App* objects);
  void place_words(CLI::App* command, const char* rest, const char* help);
  void type_option(CLI::App* command);

  CLI::App* branch(const std::string& name, const std::string& help);
  void on_client(CLI::App* app, ClientCommand command);
  int run_client(const ClientCommand& command);
  int unknown_command(const std::string& word) const;
  Format format() const;

  AgentEntry agent_;
  CLI::App app_;
  std::function<int()> chosen_;
  bool any_mesh_ = false;
  bool is_agent_ = false;  // the command `agent` was selected

  std::string output_ = "table";
  double timeout_seconds_ = 30;
  agent::Flags flags_;
  EndpointFlags endpoint_;
  // The arguments of the selected command.
  std::string id_;
  std::string file_;
  Words rest_;
  EntryParts parts_;
  FieldChanges changes_;
  ObjectWrite object_;
  Watched watched_;
  LocalCommands local_{flags_};
};

Tree::Tree(const AgentEntry& agent)
    : agent_(agent),
      app_("Keeps a catalog of snapshots and images, and objects of other types, on many hosts.",
           "hearsay") {
  app_.require_subcommand(1);
  add_common_options();
  add_agent();
  add_mesh_commands();
  add_catalog("snapshots");
  add_catalog("images");
  add_objects();
  add_state_commands();
  local_.add(app_, [this](LocalCommands::Command command) {
    chosen_ = [this, command = std::move(command)] {
      Printer printer(format());
      return printer.finish(command(printer));
    };
  });
}

CLI::App* Tree::branch(const std::string& name, const std::string& help) {
  return app_.add_subcommand(name, help)->fallthrough()->require_subcommand(1);
}

void Tree::add_common_options() {
  app_.add_option(
          "-o,--output", output_,
          "table (for people), json (the answer of the agent, unchanged) or jsonl (one element a "
          "line)")
      ->check(CLI::IsMember({"table", "json", "jsonl"}))
      ->envname("HEARSAY_OUTPUT")
      ->type_name("FORMAT");
  app_.add_option("--timeout", timeout_seconds_, "seconds to wait for an answer (default 30)")
      ->check(CLI::Range(0.001, kTimeoutSecondsMax))
      ->envname("HEARSAY_TIMEOUT")
      ->type_name("SECONDS");
  add_endpoint_options();
  words(&app_, "--config", flags_["config"],
        "the configuration file to read, instead of the default ones")
      ->check(expect_file)
      ->type_name("FILE");
}

// None has the mechanism of CLI11 for variables: find_endpoint() reads them.
void Tree::add_endpoint_options() {
  words(&app_, "--http", flags_["http"],
        "the HTTP address of the agent, https://HOST:PORT or unix:PATH (default 127.0.0.1:7780)")
      ->type_name("HOST:PORT");
  words(&app_, "--data-dir", flags_["data_dir"],
        "the agent of this host that has this data directory, instead of --http")
      ->type_name("DIR");
  struct Option {
    const char* name;
    std::string EndpointFlags::*target;
    const char* help;
  };
  static constexpr Option kOptions[] = {
      {"--cacert", &EndpointFlags::ca,
       "https: the certificate of the authority that issued the one of the agent (PEM)"},
      {"--client-cert", &EndpointFlags::certificate,
       "https: a certificate to show to the agent (PEM)"},
      {"--client-key", &EndpointFlags::key,
       "https: the key of --client-cert (PEM), readable by its owner only"},
      {"--api-key-file", &EndpointFlags::api_key,
       "a file with the API key to send, readable by its owner only"},
  };
  for (const Option& option : kOptions) {
    word(&app_, option.name, endpoint_.*option.target, option.help)
        ->check(expect_file)
        ->type_name("FILE");
  }
}

void Tree::add_agent() {
  auto* agent = leaf(&app_, "agent", "run the agent");
  for (const auto& setting : agent::settings()) {
    if (setting.key == "http") continue;  // a common option
    auto& target = flags_[std::string(setting.key)];
    auto* option = words(agent, agent::flag_of(setting.key), target, std::string(setting.help));
    option->type_name(std::string(setting.shape));
    if (setting.retired) option->group("");
  }
  agent->footer(
      "--http HOST:PORT is the address where it serves HTTP. Each flag is also a variable "
      "(--data-dir: HEARSAY_DATA_DIR)\nand a key in the configuration file (data_dir). A flag "
      "overrides a variable, and a variable overrides a file.");
  agent->callback([this] {
    chosen_ = [this] {
      auto config = agent::load_config(flags_);
      if (!config.ok()) return usage_error(config.error().message);
      return agent_(*config);
    };
    is_agent_ = true;
  });
}

void Tree::add_mesh_commands() {
  on_client(
      leaf(&app_, "status", "show the state of the agent; exit 5 when it is degraded or isolated"),
      show_status);
  on_client(leaf(&app_, "members", "list the members of the mesh"), show_members);
  auto* join_command = leaf(&app_, "join", "join the mesh to which another agent belongs");
  word(join_command, "address", id_, "HOST:PORT of the other agent")->required();
  on_client(join_command, [this](Session& session) { return join(session, id_); });
  on_client(leaf(&app_, "leave", "leave the mesh; the agent goes on serving its clients"), leave);
  on_client(
      leaf(
          &app_, "conflicts",
          "list the places, of all objects, where concurrent writes met, and the values that lost"),
      show_conflicts);
  auto* watch_command =
      leaf(&app_, "watch", "print the changes of all agents as they arrive; Ctrl-C ends it");
  word(watch_command, "object", watched_.object,
       "an object, such as snapshots: print only its changes");
  words(watch_command, "--prefix", watched_.prefixes,
        "print the changes of objects whose names begin so; may be repeated");
  watch_command->add_flag("--values", watched_.values, "print first what the objects show now");
  on_client(watch_command, [this](Session& session) { return watch(session, watched_); });
}

void Tree::add_catalog(const std::string& object) {
  auto* catalog = branch(object, "add, show, change and remove " + object);
  auto* add = leaf(catalog, "add", "add an entry, or replace the whole entry");
  word(add, "id", id_, "of the entry")->required();
  words(add, "--meta", parts_.pairs,
        "set field K to V; V may be JSON (a number, true, [...], {...}), else it is a string")
      ->type_name("K=V");
  words(add, "--meta-string", parts_.string_pairs, "set field K to V, always as a string")
      ->type_name("K=V");
  word(add, "--json", parts_.json_path,
       "read the fields from a JSON object in this file; - is stdin")
      ->check(expect_file)
      ->type_name("FILE");
  if (object == "images") {
    word(add, "--file", parts_.file_path,
         "record the name, size, sha256 and media_type of this file")
        ->check(expect_file)
        ->type_name("PATH");
  }
  on_client(add,
            [this, object](Session& session) { return add_entry(session, object, id_, parts_); });

  auto* rm = leaf(catalog, "rm", "remove an entry");
  word(rm, "id", id_, "of the entry")->required();
  on_client(rm, [this, object](Session& session) { return remove_entry(session, object, id_); });

  add_field_commands(catalog, object);

  auto* get = leaf(catalog, "get", "show an entry; exit 4 when there is none");
  word(get, "id", id_, "of the entry")->required();
  on_client(get, [this, object](Session& session) { return get_entry(session, object, id_); });

  auto* ls = leaf(catalog, "ls", "list entries; exit 4 when nothing matches");
  many(ls, "query", rest_, "words, and terms such as size>100; an entry must match all of them");
  on_client(ls, [this, object](Session& session) {
    return list_entries(session, object, fmt::format("{}", fmt::join(rest_, " ")));
  });

  auto* import =
      leaf(catalog, "import", "add one entry for each line {\"id\":..., fields} of a file");
  word(import, "file", file_, "the file; - is stdin")->required();
  on_client(import,
            [this, object](Session& session) { return import_entries(session, object, file_); });
}

void Tree::add_field_commands(CLI::App* catalog, const std::string& object) {
  auto* set = leaf(catalog, "set", "set fields of an entry; its other fields stay");
  auto* unset = leaf(catalog, "unset", "remove fields of an entry; its other fields stay");
  for (auto* command : {set, unset}) {
    word(command, "id", id_, "of the entry")->required();
    command->add_flag("--must-exist", changes_.must_exist,
                      "write nothing and exit 4 when there is no such entry");
  }
  many(set, "fields", changes_.pairs, "K=V, one for each field; V as with add --meta");
  words(set, "--meta-string", changes_.string_pairs, "set field K to V, always as a string")
      ->type_name("K=V");
  many(unset, "fields", changes_.unset, "names of fields, at least one");
  on_client(
      set, [this, object](Session& session) { return set_fields(session, object, id_, changes_); });
  on_client(unset, [this, object](Session& session) {
    return unset_fields(session, object, id_, changes_);
  });
}

void Tree::add_state_commands() {
  auto* out = leaf(&app_, "export", "write the whole state of the agent to a file");
  auto* in = leaf(&app_, "import", "merge the state of such a file, like the state of a peer");
  word(out, "--state", file_, "the file, replaced when the new one is complete; - is stdout")
      ->required()
      ->check(expect_file)
      ->type_name("FILE");
  word(in, "--state", file_, "the file; - is stdin")
      ->required()
      ->check(expect_file)
      ->type_name("FILE");
  in->add_flag("--any-mesh", any_mesh_, "also take a file that was exported under another key");
  on_client(out, [this](Session& session) { return export_state(session, file_); });
  on_client(in, [this](Session& session) { return import_state(session, file_, any_mesh_); });
}

void Tree::add_objects() {
  auto* objects = branch("objects", "read and write objects of every type, by path");
  on_client(leaf(objects, "ls", "list objects"), list_objects);
  auto* get = leaf(objects, "get", "show an object, or the value at a path");
  auto* inspect = leaf(objects, "inspect", "show the cells at a path, with dots and stamps");
  auto* unset = leaf(objects, "unset", "remove what is at a path and below it");
  for (auto* command : {get, inspect, unset}) place_words(command, "path", "the keys of the path");
  on_client(get, [this](Session& session) { return get_object(session, id_, rest_); });
  on_client(inspect, [this](Session& session) { return inspect_object(session, id_, rest_); });
  on_client(unset, [this](Session& session) { return unset_object(session, id_, rest_); });
  add_object_values(objects);
  add_object_texts_and_counters(objects);
}

// The commands whose last word is a value.
void Tree::add_object_values(CLI::App* objects) {
  using Command = int (*)(Session&, const std::string&, const Path&, const ObjectWrite&);
  struct Value {
    const char* name;
    const char* help;
    Command run;
  };
  static constexpr Value kValues[] = {
      {"set", "set the register at a path", set_object},
      {"put", "replace everything at a path by a value of --type", put_object},
      {"add", "add an element to the set at a path", add_element},
      {"remove", "remove an element from the set at a path", remove_element},
  };
  for (const Value& value : kValues) {
    auto* command = leaf(objects, value.name, value.help);
    place_words(command, "path_and_value",
                "the keys of the path, then the value: JSON, or else a string");
    command->add_flag("--string", object_.is_string,
                      "the value is always a string, even if it looks like JSON");
    type_option(command);
    on_client(command, [this, run = value.run](Session& session) {
      return run(session, id_, rest_, object_);
    });
  }
}

void Tree::add_object_texts_and_counters(CLI::App* objects) {
  auto* insert = leaf(objects, "insert", "insert into the text at a path");
  place_words(insert, "path_and_text", "the keys of the path, then the text");
  insert->add_option("--at", object_.at, "the position, in code points from 0");
  insert->add_option("--after", object_.after, "the id of the element before, as a write gives it");
  on_client(insert, [this](Session& session) { return insert_text(session, id_, rest_, object_); });
  auto* erase = leaf(objects, "erase", "erase from the text at a path");
  place_words(erase, "path", "the keys of the path");
  erase->add_option("--at", object_.at, "the position, in code points from 0")->required();
  erase->add_option("--len", object_.length, "how many code points")->required();
  on_client(erase, [this](Session& session) { return erase_text(session, id_, rest_, object_); });
  for (const bool up : {true, false}) {
    auto* count =
        leaf(objects, up ? "increment" : "decrement",
             up ? "add to the counter at a path" : "subtract from the pncounter at a path");
    place_words(count, "path", "the keys of the path");
    count->add_option("--by", object_.by, "how much, 1 if not given");
    type_option(count);
    on_client(count, [this, up](Session& session) {
      return count_object(session, id_, rest_, up, object_);
    });
  }
}

void Tree::place_words(CLI::App* command, const char* rest, const char* help) {
  word(command, "id", id_, "of the object")->required();
  many(command, rest, rest_, help);
}

void Tree::type_option(CLI::App* command) {
  command->add_option("--type", object_.type,
                      "gcounter, pncounter, lww_register, mv_register, orset, crdt_map or seq");
}

void Tree::on_client(CLI::App* app, ClientCommand command) {
  app->callback([this, command = std::move(command)] {
    chosen_ = [this, command] { return run_client(command); };
  });
}

// A client has nothing to close. A write that the agent has not answered may or may not be done.
void interrupted(int) { _exit(kInterrupted); }

int Tree::run_client(const ClientCommand& command) {
  struct sigaction action {};
  action.sa_handler = interrupted;
  sigaction(SIGINT, &action, nullptr);

  auto endpoint = find_endpoint(flags_, endpoint_);
  if (!endpoint.ok()) {
    const bool usage = endpoint.error().code == base::Code::kInvalid;
    return usage ? usage_error(endpoint.error().message) : fail(endpoint.error());
  }
  auto timeout_millis = std::lround(timeout_seconds_ * 1000);
  Client client(std::move(*endpoint), timeout_millis);
  Session session{client.another(), Printer(format()), Names(std::move(client))};
  int exit = command(session);
  return session.printer.finish(exit);
}

Format Tree::format() const {
  if (output_ == "json") return Format::kJson;
  return output_ == "jsonl" ? Format::kJsonLines : Format::kTable;
}

// Example: "objects rm" names a branch that exists and a command that it does not have.
int Tree::unknown_command(const std::string& word) const {
  const auto given = app_.get_subcommands();
  const std::string branch = given.empty() ? "" : given.front()->get_name() + " ";
  std::string_view hint;
  if (branch == "objects " && (word == "rm" || word == "delete"))
    hint = "; `objects unset` removes";
  if (branch.empty() && word == "--version") {
    hint = "; `hearsay version` prints the version";
  }
  return usage_error(
      fmt::format("unknown command '{}{}'; see hearsay {}--help{}", branch, word, branch, hint));
}

int Tree::run(int argc, char** argv) {
  auto words = reversed_words(argc, argv);
  try {
    app_.parse(words);
  } catch (const CLI::ParseError& error) {
    // CLI11 reports a missing subcommand before it looks at unknown words, so we look first.
    auto unknown = app_.remaining(true);
    if (error.get_name() == "RequiredError" && !unknown.empty()) {
      return unknown_command(unmarked(unknown.front()));
    }
    // Help goes to stdout. Every other error of the parser is a usage error, whatever code CLI11
    // has for it.
    std::ostringstream help;
    std::ostringstream messages;
    int code = app_.exit(error, help, messages);
    const std::string said = without_marks(messages.str());
    write_all(STDERR_FILENO, said);
    const bool dashed = said.find("expected: -") != std::string::npos;
    if (dashed) say("a word that begins with - and is no flag stands after --, at the end");
    Printer printer(Format::kTable);
    printer.text(help.str());
    return printer.finish(code == 0 ? kDone : kUsage);
  }
  std::erase_if(flags_, [](const auto& flag) { return flag.second.empty(); });
  if (!is_agent_) agent::release_signals();
  return chosen_();
}

}  // namespace

int run(int argc, char** argv, const AgentEntry& agent) { return Tree(agent).run(argc, argv); }

}  // namespace cli
