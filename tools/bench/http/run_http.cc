#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "tools/bench/http/figure.h"
#include "tools/bench/summary.h"

namespace bench {
namespace {

constexpr double kBusyClient = 0.9;  // cores

struct HttpRow {
  const char* name;
  base::Result<HttpFigures> (*measure)(const HttpBench&);
};
constexpr HttpRow kHttpRows[] = {
    {"sync", measure_sync},         {"fan-out", measure_fan_out}, {"keystroke", measure_keystroke},
    {"relay", measure_relay},       {"get", measure_get},         {"get-tls", measure_get_tls},
    {"idle", measure_idle_streams}, {"write", measure_write}};

double median_of(const std::vector<double>& values) { return summarise(values).median; }

nlohmann::json json_of(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

// Times: Hearsay divided by its floor. 2 means that Hearsay takes twice as long.
std::optional<double> ratio_of(const HttpFigure& figure) {
  if (figure.hearsay.empty() || figure.hearsay.size() != figure.floor.size()) return std::nullopt;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < figure.hearsay.size(); ++i) {
    const double ours = figure.hearsay[i];
    const double floor = figure.floor[i];
    if (ours <= 0 || floor <= 0) return std::nullopt;
    ratios.push_back(figure.more_is_better ? floor / ours : ours / floor);
  }
  return median_of(ratios);
}

std::optional<double> worst_of(const HttpFigure& figure) {
  const auto& values = figure.hearsay;
  if (values.empty()) return std::nullopt;
  return figure.more_is_better ? *std::min_element(values.begin(), values.end())
                               : *std::max_element(values.begin(), values.end());
}

void add_figure(Report& report, const std::string& row, const HttpFigure& figure) {
  auto median = [](const std::vector<double>& values) {
    return values.empty() ? nlohmann::json() : nlohmann::json(median_of(values));
  };
  report.add({row, figure.what, figure.unit, std::max(figure.hearsay.size(), figure.floor.size()),
              median(figure.hearsay), json_of(worst_of(figure)),
              figure.beside.empty() ? nlohmann::json() : nlohmann::json(figure.beside),
              median(figure.floor), json_of(ratio_of(figure)), json_of(figure.aim),
              json_of(figure.aim_ratio), median(figure.client), "measured"});
  if (!figure.client.empty() && median_of(figure.client) > kBusyClient) {
    report.note(
        fmt::format("{}: the client needed {:.2f} cores, so it may have been slower than "
                    "the agent",
                    row, median_of(figure.client)));
  }
}

// A whole run takes minutes, so each figure is printed when it is known.
void tell_at_once(const std::string& row, const HttpFigure& figure) {
  std::string line = fmt::format("{}: {}:", row, figure.what);
  if (!figure.hearsay.empty())
    line += fmt::format(" {:.4g} {}", median_of(figure.hearsay), figure.unit);
  if (!figure.floor.empty()) line += fmt::format("; floor {:.4g}", median_of(figure.floor));
  fmt::print(stderr, "{}\n", line);
}

// Thousands of sockets, in this process and in those that it starts.
void raise_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::vector<std::string> http_row_names() {
  std::vector<std::string> names;
  for (const HttpRow& row : kHttpRows) names.emplace_back(row.name);
  return names;
}

base::Result<Report> run_http(const Common& common, const HttpOptions& options) {
  raise_descriptors();
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  Report report("http", {"row", "what", "unit", "runs", "hearsay", "worst_run", "beside", "floor",
                         "ratio", "aim", "aim_ratio", "client_cores", "status"});
  const HttpBench bench{setup, options, folder,
                        [&report](std::string text) { report.note(std::move(text)); }};
  for (const HttpRow& row : kHttpRows) {
    const auto& only = options.only;
    if (!only.empty() && std::find(only.begin(), only.end(), row.name) == only.end()) continue;
    auto figures = row.measure(bench);
    if (!figures.ok()) {
      const bool missing = figures.error().code == base::Code::kNotFound;
      report.add({row.name, nullptr, nullptr, 0, nullptr, nullptr, nullptr, nullptr, nullptr,
                  nullptr, nullptr, nullptr, missing ? "skipped" : "failed"});
      report.note(fmt::format("{}: {}: {}", row.name, missing ? "skipped" : "failed",
                              figures.error().message));
      continue;
    }
    for (const HttpFigure& figure : *figures) {
      add_figure(report, row.name, figure);
      tell_at_once(row.name, figure);
    }
  }
  report.note(
      "hearsay, floor: the median of the runs; ratio: the median of the ratios of each run, as "
      "times: 2 means that Hearsay takes twice as long");
  return report;
}

}  // namespace bench
