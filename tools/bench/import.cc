#include "tools/bench/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/probe/http_client.h"

namespace bench {
namespace {

constexpr int kLinesARequest = 50'000;
constexpr probe::Millis kImportSilence{300'000};

std::string lines_of(int first, int end) {
  std::string lines;
  for (int i = first; i < end; ++i) {
    lines += fmt::format(
        R"({{"id":"{}","size":{},"state":"ready","host":"edge-{}","taken":"2024-01-01T00:00:00Z"}})"
        "\n",
        entry_name(static_cast<std::uint64_t>(i)), 1'000 + i, i % 100);
  }
  return lines;
}

}  // namespace

std::string entry_name(std::uint64_t number) { return fmt::format("snap-{:07}", number); }

base::Status import_entries(const Agent& agent, int count) {
  probe::HttpClient client(agent.http(), kImportSilence);
  for (int first = 0; first < count; first += kLinesARequest) {
    int end = std::min(first + kLinesARequest, count);
    ASSIGN_OR_RETURN(auto answer, client.post("/v1/import?type=snapshots", lines_of(first, end)));
    auto json = nlohmann::json::parse(answer.body, nullptr, false);
    bool all = answer.status == 200 && json.is_object() && json.value("added", 0) == end - first;
    if (!all) {
      return base::Error{base::Code::kUnavailable,
                         fmt::format("import answers {} {}", answer.status, answer.body)};
    }
  }
  return {};
}

base::Result<FilledAgent> start_filled(const Common& common, const std::string& name, int entries) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  ASSIGN_OR_RETURN(auto agent, Agent::start_alone(setup, name, folder));
  RETURN_IF_ERROR(import_entries(*agent, entries));
  return FilledAgent{std::move(folder), std::move(setup), std::move(agent)};
}

}  // namespace bench
