#include <poll.h>

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/clock.h"
#include "tools/bench/import.h"
#include "tools/bench/summary.h"
#include "tools/probe/http_connection.h"

namespace bench {
namespace {

constexpr std::int64_t kAnswerTimeout = 60 * kSecond;

struct Times {
  double head = 0;  // from the request until the first byte has arrived
  double row = 0;   // until the first row has arrived; of an answer without rows, its end
  double end = 0;
  std::size_t rows = 0;
};

base::Result<Times> ask(probe::HttpConnection& connection, const std::string& text) {
  probe::AnswerParser& parser = connection.parser();
  const std::string& body = parser.answer().body;
  Times times;
  std::int64_t begun = monotonic_nanos();
  auto passed = [begun] { return static_cast<double>(monotonic_nanos() - begun) / 1e6; };
  RETURN_IF_ERROR(connection.send(text));
  for (bool complete = false; !complete;) {
    pollfd entry{connection.handle(), POLLIN, 0};
    std::int64_t left = kAnswerTimeout - (monotonic_nanos() - begun);
    if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left / 1'000'000) + 1) != 1) {
      return base::Error{base::Code::kTimeout, "no answer to a search"};
    }
    ASSIGN_OR_RETURN(complete, connection.receive());
    if (times.head == 0) times.head = passed();
    if (times.row == 0 && body.find('{') != std::string::npos) times.row = passed();
  }
  times.end = passed();
  if (times.row == 0) times.row = times.end;
  if (parser.answer().status != 200) {
    return base::Error{base::Code::kUnavailable,
                       fmt::format("a search answers {} {}", parser.answer().status, body)};
  }
  constexpr std::string_view kRow = "{\"id\":";
  for (auto at = body.find(kRow); at != std::string::npos; at = body.find(kRow, at + 1)) {
    ++times.rows;
  }
  parser.next();
  return times;
}

}  // namespace

base::Result<Report> run_search(const Common& common, const SearchOptions& options) {
  ASSIGN_OR_RETURN(auto filled, start_filled(common, "search", options.entries));
  Agent& agent = *filled.agent;
  ASSIGN_OR_RETURN(auto connection, probe::HttpConnection::open(agent.http()));

  Report report("search", {"entries", "asks", "rounds", "rows", "first_byte_ms",
                           "first_byte_worst_ms", "first_row_ms", "end_ms", "end_worst_ms"});
  auto measure = [&](const std::string& what, const std::string& target) -> base::Status {
    std::vector<double> heads, first_rows, ends;
    std::size_t rows = 0;
    for (int round = 0; round < options.rounds; ++round) {
      ASSIGN_OR_RETURN(Times times,
                       ask(*connection, probe::request_text("GET", target, agent.http())));
      heads.push_back(times.head);
      first_rows.push_back(times.row);
      ends.push_back(times.end);
      rows = times.rows;
    }
    Summary head = summarise(std::move(heads));
    Summary row = summarise(std::move(first_rows));
    Summary end = summarise(std::move(ends));
    report.add({options.entries, what, options.rounds, rows, head.median, head.worst, row.median,
                end.median, end.worst});
    return {};
  };
  const std::string query = "/catalog/query?type=snapshots&q=";
  RETURN_IF_ERROR(measure("the first entry", query + "size=1000"));
  RETURN_IF_ERROR(
      measure("the last entry", fmt::format("{}size={}", query, 1'000 + options.entries - 1)));
  RETURN_IF_ERROR(measure("none", query + "size=1"));
  RETURN_IF_ERROR(measure("a page of all", "/catalog/query?type=snapshots"));
  RETURN_IF_ERROR(measure("conflicts", "/v1/conflicts"));
  agent.stop();
  return report;
}

}  // namespace bench
