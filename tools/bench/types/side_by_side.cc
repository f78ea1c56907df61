#include <fmt/format.h>

#include <filesystem>

#include "tools/bench/benchmarks.h"
#include "tools/bench/child.h"
#include "tools/bench/summary.h"
#include "tools/bench/types/history.h"
#include "tools/bench/types/peers.h"
#include "tools/bench/types/replica_rows.h"
#include "tools/bench/types/set_in_memory.h"
#include "tools/bench/work_folder.h"

namespace bench {
namespace {

using nlohmann::json;

const std::vector<std::string>& figures() {
  static const std::vector<std::string> kFigures{
      "local_ms", "remote_ms", "load_ms", "stored_bytes", "bytes_per_edit", "memory_per_char"};
  return kFigures;
}

json figure(const json& result, const std::string& name) {
  const auto found = result.find(name);
  return found == result.end() ? json() : *found;
}

void add_row(Report& report, const std::string& what, const TypesPeer& peer,
             const base::Result<json>& result) {
  const json found = result.ok() ? *result : json::object();
  std::vector<json> row{what, peer.name, figure(found, "version")};
  for (const std::string& name : figures()) row.push_back(figure(found, name));
  row.push_back(figure(found, "runs"));
  row.push_back(result.ok() ? json(found.value("ok", false) ? "right" : "WRONG TEXT")
                            : json(result.error().message));
  report.add(std::move(row));
}

// The same traces as changes of an agent, each durable. Only traces of one agent have an order in
// which it could have typed them.
base::Status add_replica_rows(const TypesOptions& options, const std::string& folder,
                              Report& report) {
  for (const std::string& file : options.traces) {
    ASSIGN_OR_RETURN(const HistoryFile read, read_histories(file));
    if (read.histories.size() != 1 || read.histories[0].agents.size() != 1) continue;
    const std::string name = std::filesystem::path(file).filename().string();
    const std::string place = folder + name + "-";
    ASSIGN_OR_RETURN(const TypingResult typed, measure_typing(read.histories[0], 100, place));
    report.note(fmt::format(
        "{} through a replica, one change for each edit, 100 a commit: {} changes in {:.2f} s "
        "(processor {:.2f} s), {:.0f} bytes written a change, file {} bytes, text {}",
        name.substr(0, name.find('.')), typed.changes, typed.spent.seconds, typed.spent.processor,
        typed.bytes_per_change, typed.file_bytes, typed.ok ? "right" : "WRONG"));
  }
  ASSIGN_OR_RETURN(const SetResult set,
                   measure_set(static_cast<std::size_t>(options.elements), 1'000, folder));
  report.note(fmt::format(
      "set through a replica: {} adds, one change each, 1,000 a commit: {:.2f} s "
      "(processor {:.2f} s); the same rows by plain SQLite {:.2f} s (processor {:.2f} s); {}",
      options.elements, set.replica.seconds, set.replica.processor, set.raw.seconds,
      set.raw.processor, set.ok ? "right" : "WRONG"));
  return {};
}

base::Status add_set_rows(const TypesOptions& options, const std::string& beside,
                          const std::string& logs, Report& report) {
  std::vector<double> add;
  std::vector<double> join;
  SetInMemoryResult last;
  bool ok = true;
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(last, measure_set_in_memory(static_cast<std::size_t>(options.elements)));
    add.push_back(last.add_nanos);
    join.push_back(last.join_nanos);
    ok = ok && last.ok;
  }
  report.note(
      fmt::format("set of {} elements in memory, hearsay: add {:.0f} ns, join of one element "
                  "{:.0f} ns, {:.0f} bytes an element beside its payload, {}",
                  options.elements, summarise(add).median, summarise(join).median,
                  last.bytes_per_element, ok ? "right" : "WRONG"));
  const TypesPeer set = find_set_peer(beside);
  if (const auto result = run_peer(set, {}, options.runs, logs); result.ok()) {
    report.note(
        fmt::format("set of 100,000 elements in memory, crdts {}: add {:.0f} ns, join of one "
                    "element {:.0f} ns, {:.0f} bytes an element beside its payload",
                    result->value("version", ""), result->value("add_ns", 0.0),
                    result->value("join_ns", 0.0), result->value("bytes_per_element", 0.0)));
  } else {
    report.note("set: crdts: " + result.error().message);
  }
  return {};
}

}  // namespace

base::Result<Report> run_types(const Common& common, const TypesOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  const std::string logs = (folder / "").string();
  const std::string beside = options.peers.empty()
                                 ? std::filesystem::path(own_program()).parent_path().string()
                                 : options.peers;
  std::vector<std::string> columns{"trace", "library", "version"};
  columns.insert(columns.end(), figures().begin(), figures().end());
  columns.insert(columns.end(), {"runs", "text"});
  Report report("types", columns);
  for (const std::string& file : options.traces) {
    const std::string name = std::filesystem::path(file).filename().string();
    for (const TypesPeer& peer : find_types_peers(beside)) {
      add_row(report, name.substr(0, name.find('.')), peer,
              run_peer(peer, {file}, options.runs, logs));
    }
  }
  RETURN_IF_ERROR(add_replica_rows(options, (folder / "").string(), report));
  RETURN_IF_ERROR(add_set_rows(options, beside, logs, report));
  report.note(
      fmt::format("medians of {} runs, each in a process of its own; every run checks the "
                  "text at the end",
                  options.runs));
  return report;
}

}  // namespace bench
