// What a database of real records takes on the disk when its agent has come to rest.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/clock.h"
#include "tools/bench/raw_store.h"
#include "tools/probe/http_client.h"

namespace bench {
namespace {

constexpr probe::Millis kSilence{300'000};
constexpr std::size_t kLinesACommit = 1'000;  // as an import of an agent
constexpr double kMega = 1e6;

struct Files {
  double database = 0;  // MB
  double log = 0;       // MB, of the write-ahead log
};

double megabytes(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<double>(found.st_size) / kMega : 0;
}

Files files_of(const std::string& database) {
  return {megabytes(database), megabytes(database + "-wal")};
}

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::invalid(path + ": no such file, or it cannot be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Imports the lines. Returns how many entries were new; an error unless the others were unchanged.
base::Result<std::size_t> import_lines(const Agent& agent, const std::string& lines) {
  probe::HttpClient client(agent.http(), kSilence);
  ASSIGN_OR_RETURN(auto answer, client.post("/v1/import?type=images", lines));
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  const bool done = answer.status == 200 && json.is_object() && json.contains("added");
  if (done) return json["added"].get<std::size_t>();
  return base::Error{base::Code::kUnavailable,
                     fmt::format("import answers {} {}", answer.status, answer.body)};
}

struct Raw {
  double seconds = 0;
  Files files;
  std::size_t lines = 0;
};

// The same lines as rows and as a log.
base::Result<Raw> raw_rows(const std::string& path, const std::string& lines) {
  Raw raw;
  const std::int64_t started = monotonic_nanos();
  {
    ASSIGN_OR_RETURN(auto store, RawStore::open(path));
    for (std::size_t at = 0; at < lines.size();) {
      if (raw.lines % kLinesACommit == 0) {
        RETURN_IF_ERROR(store->begin(RawStore::Durability::kFull));
      }
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      const std::string line = lines.substr(at, end - at);
      at = end + 1;
      const auto json = nlohmann::json::parse(line, nullptr, false);
      if (!json.is_object() || !json.contains("id")) return base::invalid("no record: " + line);
      RETURN_IF_ERROR(store->upsert(json["id"].get<std::string>(), line));
      RETURN_IF_ERROR(store->append(line));
      const bool full = ++raw.lines % kLinesACommit == 0;
      if (full || at >= lines.size()) RETURN_IF_ERROR(store->commit());
    }
    raw.seconds = seconds_of(monotonic_nanos() - started);
  }
  raw.files = files_of(path);
  return raw;
}

}  // namespace

base::Result<Report> run_size(const Common& common, const SizeOptions& options) {
  ASSIGN_OR_RETURN(const std::string lines, read_file(options.file));
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  Report report("size", {"side", "records", "json_mb", "seconds", "file_mb", "wal_mb", "per_json"});
  const double json_mb = static_cast<double>(lines.size()) / kMega;
  const auto add = [&](const char* side, std::size_t records, double seconds, const Files& files) {
    report.add({side, records, json_mb, seconds, files.database, files.log,
                (files.database + files.log) / json_mb});
  };

  ASSIGN_OR_RETURN(const Raw raw, raw_rows((folder / "raw.db").string(), lines));
  add("raw", raw.lines, raw.seconds, raw.files);

  ASSIGN_OR_RETURN(auto agent, Agent::start_alone(setup, "a", folder));
  const std::int64_t started = monotonic_nanos();
  ASSIGN_OR_RETURN(const std::size_t added, import_lines(*agent, lines));
  const double seconds = seconds_of(monotonic_nanos() - started);
  const std::string database = (folder / "a" / "hearsay.db").string();
  add("agent, at once", added, seconds, files_of(database));
  ::usleep(static_cast<unsigned>(options.wait_seconds * 1e6));
  add("agent, at rest", added, seconds, files_of(database));

  // What is imported again changes nothing, if every record was kept as it is.
  ASSIGN_OR_RETURN(const std::size_t changed, import_lines(*agent, lines));
  agent->stop();
  if (changed != 0) {
    return base::Error{base::Code::kCorrupt, fmt::format("{} records were not kept", changed)};
  }
  report.note(
      fmt::format("at rest: {:.0f} s after the import; raw: the same lines as rows and as a "
                  "log, after the database was closed",
                  options.wait_seconds));
  return report;
}

}  // namespace bench
