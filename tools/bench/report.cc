#include "tools/bench/report.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>

#include "crdt/base/check.h"

namespace bench {
namespace {

// The cores that this run may use, which may be fewer than the machine has.
int cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
}

std::string shown(const nlohmann::json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return value.dump();
  double number = value.get<double>();
  if (number >= 100) return fmt::format("{:.0f}", number);
  return fmt::format("{:.{}f}", number, number >= 10 ? 1 : number >= 1 ? 2 : 3);
}

}  // namespace

Report::Report(std::string benchmark, std::vector<std::string> columns)
    : benchmark_(std::move(benchmark)), columns_(std::move(columns)) {}

void Report::add(std::vector<nlohmann::json> row) {
  CHECK(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string Report::table() const {
  std::vector<std::vector<std::string>> lines{columns_};
  for (const auto& row : rows_) {
    std::vector<std::string> line;
    for (const auto& value : row) line.push_back(shown(value));
    lines.push_back(std::move(line));
  }
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text = fmt::format("{} ({} cores)\n", benchmark_, cores());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += fmt::format("{}{:>{}}", i == 0 ? "" : "  ", line[i], widths[i]);
    }
    text += '\n';
  }
  for (const auto& note : notes_) text += note + '\n';
  return text;
}

std::string Report::json() const {
  nlohmann::ordered_json result{{"benchmark", benchmark_}, {"cores", cores()}};
  result["rows"] = nlohmann::ordered_json::array();
  for (const auto& row : rows_) {
    nlohmann::ordered_json line;
    for (std::size_t i = 0; i < row.size(); ++i) line[columns_[i]] = row[i];
    result["rows"].push_back(std::move(line));
  }
  result["notes"] = notes_;
  return result.dump(2) + '\n';
}

}  // namespace bench
