#include <fmt/format.h>

#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/bench/report.h"
#include "tools/bench/types/trace.h"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kRuns = 5;

template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json trace_line(const std::string& file, const TraceResult& result) {
  return {{"file", file},
          {"edits", result.edits},
          {"local_ms", result.local_ms},
          {"remote_ms", result.remote_ms},
          {"load_ms", result.load_ms},
          {"stored_bytes", result.stored_bytes},
          {"bytes_per_edit", result.bytes_per_edit},
          {"ok", result.ok},
          {"memory_per_char", json_of(result.memory_per_char)},
          {"characters", result.characters}};
}

base::Result<TraceResult> measure_file(const std::string& path, int runs) {
  ASSIGN_OR_RETURN(const HistoryFile file, read_histories(path));
  if (file.histories.size() != 1) {
    return base::invalid(
        fmt::format("{}: it has {} histories, a trace is one; use `hearsay-bench "
                    "histories` for it",
                    path, file.histories.size()));
  }
  auto result = measure_trace(file.histories.front(), runs);
  if (!result.ok()) return base::invalid(path + ": " + result.error().message);
  return result;
}

void complain(const std::string& message) { std::cerr << "hearsay-bench: " << message << '\n'; }

// A line of JSON for each file; or one table.
class Lines {
 public:
  Lines(const char* name, std::vector<std::string> columns, bool as_json)
      : report_(name, columns), columns_(std::move(columns)), json_(as_json) {}
  void add(const Json& line) {
    if (json_) {
      std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
      return;
    }
    std::vector<nlohmann::json> row;
    for (const std::string& column : columns_) row.emplace_back(line[column]);
    report_.add(std::move(row));
    ++rows_;
  }
  ~Lines() {
    if (!json_ && rows_ > 0) std::cout << report_.table();
  }

 private:
  Report report_;
  std::vector<std::string> columns_;
  bool json_;
  std::size_t rows_ = 0;
};

}  // namespace

int run_trace(const std::vector<std::string>& files, bool as_json) {
  int status = 0;
  Lines lines("trace",
              {"file", "edits", "local_ms", "remote_ms", "load_ms", "stored_bytes",
               "bytes_per_edit", "memory_per_char", "ok"},
              as_json);
  for (const std::string& file : files) {
    const auto result = measure_file(file, kRuns);
    if (!result.ok()) {
      complain(result.error().message);
      status = 1;
      continue;
    }
    lines.add(trace_line(file, *result));
    if (!result->ok) {
      complain(file + ": the text at the end is not \"endContent\"");
      status = 1;
    }
  }
  return status;
}

int run_histories(const std::vector<std::string>& files, std::uint64_t seed, bool as_json) {
  int status = 0;
  Lines lines("histories", {"file", "cases", "right", "wrong"}, as_json);
  for (const std::string& path : files) {
    const auto file = read_histories(path);
    if (!file.ok()) {
      complain(file.error().message);
      status = 1;
      continue;
    }
    const HistoriesResult result = check_histories(*file, seed);
    lines.add({{"file", path},
               {"cases", result.cases},
               {"right", result.right},
               {"wrong", result.wrong}});
    for (const std::string& note : result.notes) complain(note);
    if (!result.wrong.empty()) status = 1;
  }
  return status;
}

int run_types_peer(const std::string& file) {
  const auto result = measure_file(file, 1);
  if (!result.ok()) {
    complain(result.error().message);
    return 1;
  }
  Json line = trace_line(file, *result);
  line["lib"] = "hearsay";
  std::cout << line.dump() << '\n';
  return result->ok ? 0 : 1;
}

}  // namespace bench
