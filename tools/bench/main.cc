// The program `hearsay-bench`: each subcommand is one benchmark. The report goes to stdout as a
// table or as JSON; errors go to stderr.

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <optional>

#include "tools/bench/benchmarks.h"
#include "tools/bench/child.h"
#include "tools/bench/floor.h"
#include "tools/bench/http/socket_floor.h"
#include "tools/bench/types/trace.h"

namespace {

constexpr int kUsage = 2;

struct Choices {
  bench::Common common;
  std::string output = "table";
  bench::SpreadOptions spread;
  bench::WritesOptions writes;
  bench::StartOptions start;
  bench::GetOptions get;
  bench::SearchOptions search;
  bench::ReadersOptions readers;
  bench::MergeOptions merge;
  bench::RejoinOptions rejoin;
  bench::SizeOptions size;
  bench::MeshOptions mesh;
  bench::HttpOptions http;
  bench::TypesOptions types;
  std::uint16_t driver_port = 0;
  std::string peer_file;
  std::vector<std::string> traces;
  std::uint64_t seed = 1;
};

using Run = std::function<base::Result<bench::Report>()>;

void add_spread_options(CLI::App* command, Choices& choices) {
  command->add_option("--sizes", choices.spread.sizes, "numbers of processes, one row for each")
      ->delimiter(',')
      ->check(CLI::Range(2, 200))
      ->capture_default_str();
  command->add_option("--changes", choices.spread.changes, "changes for each row")
      ->check(CLI::Range(2, 100'000))
      ->capture_default_str();
}

void add_writes_options(CLI::App* command, Choices& choices) {
  command->add_option("--seconds", choices.writes.seconds, "seconds for each row")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  command->add_option("--clients", choices.writes.clients, "clients of the second row")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
}

void add_other_options(CLI::App* start, CLI::App* get, Choices& choices) {
  start->add_option("--entries", choices.start.entries, "entries to start with")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  get->add_option("--seconds", choices.get.seconds, "seconds to measure")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  get->add_option("--connections", choices.get.connections, "connections that stay open")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  get->add_option("--threads", choices.get.threads, "threads of the client")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  get->add_option("--keys", choices.get.keys, "number of entries; each read takes a random one")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
}

void add_readers_options(CLI::App* command, Choices& choices) {
  bench::ReadersOptions& readers = choices.readers;
  command->add_option("--entries", readers.entries, "entries that both agents have")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--changes", readers.changes, "changes that one agent missed")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--clients", readers.clients, "clients that list everything")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--rounds", readers.rounds, "rounds for each row")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--seconds", readers.seconds, "seconds of reading in each round")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
}

void add_merge_options(CLI::App* command, Choices& choices) {
  command->add_option("--cells", choices.merge.cells, "field cells to start with")
      ->check(CLI::Range(4'000, 100'000'000))
      ->capture_default_str();
  command->add_option("--changes", choices.merge.changes, "changes to merge")
      ->check(CLI::Range(1'000, 100'000'000))
      ->capture_default_str();
  command->add_option("--repeats", choices.merge.repeats, "number of runs, each in its own folder")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
}

void add_search_options(CLI::App* command, Choices& choices) {
  command->add_option("--entries", choices.search.entries, "entries of the catalog")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--rounds", choices.search.rounds, "requests for each row")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
}

void add_size_options(CLI::App* command, Choices& choices) {
  command->add_option("file", choices.size.file, "records as JSON lines, each with an \"id\"")
      ->required();
  command
      ->add_option("--wait", choices.size.wait_seconds,
                   "seconds from the import to the measurement")
      ->check(CLI::Range(0, 3'600))
      ->capture_default_str();
}

void add_mesh_options(CLI::App* command, Choices& choices) {
  bench::MeshOptions& mesh = choices.mesh;
  command->add_option("--agents", mesh.agents, "number of members of each mesh")
      ->check(CLI::Range(3, 200))
      ->capture_default_str();
  command->add_option("--runs", mesh.runs, "crashes, and silences, for each row")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_flag("--quick", mesh.quick, "10 members, short faults, one run; takes some minutes");
  command->add_option("--rows", mesh.rows, "the groups of rows to measure")
      ->delimiter(',')
      ->check(CLI::IsMember({"crash", "faults", "outage", "idle", "behind", "actors"}))
      ->capture_default_str();
  command->add_option("--memberlist", mesh.memberlist,
                      "the built program tools/bench/peers/memberlist");
  command->add_option("--serf", mesh.serf, "the program serf");
}

void add_http_options(CLI::App* command, Choices& choices) {
  bench::HttpOptions& http = choices.http;
  command->add_option("--only", http.only, "the rows to measure (default: all)")
      ->delimiter(',')
      ->check(CLI::IsMember(bench::http_row_names()));
  command->add_option("--seconds", http.seconds, "seconds of each run of each side")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  command->add_option("--runs", http.runs, "runs of each row, the floor and the agent in turn")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--clients", http.clients, "clients of the rows fan-out and idle")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--peers", http.peers,
                      "the folder where tools/bench/peers/setup put y-websocket");
  command->add_option("--wrk", http.wrk, "the program wrk");
  command->add_option("--nginx", http.nginx, "the program nginx");
}

struct TypeCommands {
  CLI::App* trace;
  CLI::App* histories;
  CLI::App* peer;
  // nullopt: another command was given.
  std::optional<int> run(const Choices& choices) const {
    const bool json = choices.output == "json";
    if (*trace) return bench::run_trace(choices.traces, json);
    if (*histories) return bench::run_histories(choices.traces, choices.seed, json);
    if (*peer) return bench::run_types_peer(choices.peer_file);
    return std::nullopt;
  }
};

TypeCommands add_type_commands(CLI::App& app, Choices& choices) {
  TypeCommands commands{};
  commands.trace = app.add_subcommand(
      "trace",
      "replays editing traces into texts; prints times, bytes and whether the text is right");
  commands.histories = app.add_subcommand(
      "histories", "replays histories, also through three agents; prints how many texts are right");
  for (CLI::App* command : {commands.trace, commands.histories}) {
    command
        ->add_option("FILE", choices.traces,
                     "a trace or history as JSON, also packed with gzip (docs/benchmarks.md)")
        ->required();
  }
  commands.histories
      ->add_option("--seed", choices.seed, "decides how the three agents exchange edits")
      ->capture_default_str();
  commands.peer = app.add_subcommand("types-peer", "one run of one trace")->group("");
  commands.peer->add_option("file", choices.peer_file, "")->required();
  return commands;
}

void add_types_options(CLI::App* command, Choices& choices) {
  command->add_option("FILE", choices.types.traces, "the traces, as for `trace`")->required();
  command->add_option("--runs", choices.types.runs, "runs of each library, each a new process")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--elements", choices.types.elements, "elements of the set")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--peers", choices.types.peers,
                      "the folder where tools/bench/peers/setup put the libraries");
}

using AddCommand = std::function<CLI::App*(const char* name, const char* what, Run action)>;

void add_comparisons(const AddCommand& add, Choices& choices) {
  const bench::Common& common = choices.common;
  add_size_options(add("size", "bytes on the disk a minute after an import, beside plain SQLite",
                       [&] { return bench::run_size(common, choices.size); }),
                   choices);

  add_mesh_options(
      add("mesh",
          "whole meshes: crashes, loss, outages, traffic, catching up; also of memberlist and Serf",
          [&] { return bench::run_mesh(common, choices.mesh); }),
      choices);

  add_http_options(
      add("http",
          "what clients get: writes, fan-out, keystrokes, reads, memory; also of wslay, nginx, Yjs",
          [&] { return bench::run_http(common, choices.http); }),
      choices);

  add_types_options(
      add("types", "editing traces through our texts and through those of other libraries",
          [&] { return bench::run_types(common, choices.types); }),
      choices);
}

int print(const base::Result<bench::Report>& report, const std::string& output) {
  if (!report.ok()) {
    std::cerr << "hearsay-bench: " << report.error().message << '\n';
    return base::code_info(report.error().code).exit_code;
  }
  std::cout << (output == "json" ? report->json() : report->table());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Choices choices;
  choices.common.program = bench::program_beside("hearsay");
  Run run;
  CLI::App app{
      "Measures Hearsay, and beside it a floor: a small program that does only the unavoidable "
      "work. Loopback only.",
      "hearsay-bench"};
  app.require_subcommand(1);
  app.fallthrough();  // the options below may also come after the subcommand
  app.add_option("-o,--output", choices.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app.add_option("--hearsay", choices.common.program, "the program to measure")
      ->capture_default_str();
  app.add_option("--dir", choices.common.parent,
                 "directory for the data of the run (default: TMPDIR)");
  app.add_option("--topology", choices.common.topology,
                 "topology of the agents (default: the default of the agent)");

  auto add = [&](const char* name, const char* what, Run action) {
    CLI::App* command = app.add_subcommand(name, what);
    command->callback([&run, action] { run = action; });
    return command;
  };
  const bench::Common& common = choices.common;
  add_spread_options(
      add("floor", "the floor of spread: N small processes with SQLite and UDP, nothing else",
          [&] { return bench::run_floor(common, choices.spread); }),
      choices);
  add_spread_options(add("spread", "the time until N agents show one write, and the floor",
                         [&] { return bench::run_spread(common, choices.spread); }),
                     choices);
  add_writes_options(
      add("writes-floor", "the floor of writes: durable writes a second of plain SQLite",
          [&] { return bench::run_writes_floor(common, choices.writes); }),
      choices);
  add_writes_options(add("writes", "durable writes a second through an agent, and the floor",
                         [&] { return bench::run_writes(common, choices.writes); }),
                     choices);
  CLI::App* start = add("start", "time and memory of a start with many entries",
                        [&] { return bench::run_start(common, choices.start); });
  CLI::App* get = add("get", "reads of single entries in a second",
                      [&] { return bench::run_get(common, choices.get); });
  add_other_options(start, get, choices);
  add_search_options(
      add("search",
          "times of the first byte, the first row and the end of listings with rare matches",
          [&] { return bench::run_search(common, choices.search); }),
      choices);
  add_readers_options(
      add("readers", "catching up with a peer whose clients list everything at the same time",
          [&] { return bench::run_readers(common, choices.readers); }),
      choices);
  add_merge_options(
      add("merge", "received changes into a full store, and the same as plain upserts",
          [&] { return bench::run_merge(common, choices.merge); }),
      choices);
  add_merge_options(
      add("join", "a state join between two full stores, and the missed changes as plain upserts",
          [&] { return bench::run_join(common, choices.merge); }),
      choices);
  add("rejoin", "bytes on the wire after missing 1 % of the entries, by log and by state join",
      [&] { return bench::run_rejoin(common, choices.rejoin); })
      ->add_option("--entries", choices.rejoin.entries, "entries of the catalog")
      ->check(CLI::Range(1'000, 10'000'000))
      ->capture_default_str();

  add_comparisons(add, choices);
  const TypeCommands type_commands = add_type_commands(app, choices);

  CLI::App* peer = app.add_subcommand("floor-peer", "one process of the floor")->group("");
  peer->add_option("--driver", choices.driver_port, "")->required();
  peer->add_option("--file", choices.peer_file, "")->required();

  CLI::App* sockets = app.add_subcommand("socket-floor", "the floor of the fan-out")->group("");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (*peer) return bench::run_floor_peer(choices.driver_port, choices.peer_file);
  if (*sockets) return bench::run_socket_floor();
  if (const auto status = type_commands.run(choices)) return *status;
  return print(run(), choices.output);
}
