#include "tools/simulator/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace simulation {
namespace {

using Json = nlohmann::ordered_json;

Json faults_json(const std::array<FaultCount, kFaults>& faults) {
  Json all = Json::object();
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (faults.at(i).fired == 0) continue;
    all[std::string(fault_name(static_cast<Fault>(i)))] = {{"fired", faults.at(i).fired},
                                                           {"mattered", faults.at(i).mattered}};
  }
  return all;
}

std::string faults_text(const std::array<FaultCount, kFaults>& faults) {
  std::string text = fmt::format("  {:<16} {:>10} {:>10}\n", "fault", "fired", "mattered");
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (faults.at(i).fired == 0) continue;
    text += fmt::format("  {:<16} {:>10} {:>10}\n", fault_name(static_cast<Fault>(i)),
                        faults.at(i).fired, faults.at(i).mattered);
  }
  return text;
}

std::string events_text(const std::map<std::string, std::uint64_t>& events) {
  std::string text;
  for (const auto& [name, count] : events) {
    if (count > 0) text += fmt::format("  {:<26} {:>10}\n", name, count);
  }
  return text;
}

double seconds_of(base::Duration time) { return static_cast<double>(time.nanos) / 1e9; }

}  // namespace

std::string text_of(const Report& report) {
  std::string text;
  for (const std::string& line : report.story) text += line + "\n";
  text += fmt::format("seed {}, {} nodes: ", report.seed, report.nodes);
  if (report.violation) {
    const Violation& violation = *report.violation;
    text += fmt::format("FAILED {}\n  at {} ms{}{}: {}\n", violation.checker,
                        violation.at.nanos / 1'000'000, violation.host.empty() ? "" : " on ",
                        violation.host, violation.text);
  } else {
    text += fmt::format("all checks hold, healed in {:.1f} s\n", seconds_of(report.healed));
  }
  text += fmt::format("  {:.0f} s of virtual time, run {:016x}\n", seconds_of(report.virtual_time),
                      report.hash);
  return text + faults_text(report.faults) + events_text(report.events);
}

std::string json_of(const Report& report) {
  Json json = {{"seed", report.seed}, {"nodes", report.nodes}, {"passed", report.passed()}};
  if (report.violation) {
    json["checker"] = report.violation->checker;
    json["text"] = report.violation->text;
    json["host"] = report.violation->host;
    json["at_ms"] = report.violation->at.nanos / 1'000'000;
  }
  json["healed_ms"] = report.healed.millis();
  json["virtual_ms"] = report.virtual_time.millis();
  json["run"] = fmt::format("{:016x}", report.hash);
  json["faults"] = faults_json(report.faults);
  json["events"] = report.events;
  if (!report.story.empty()) json["story"] = report.story;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Tally::add(const Report& report) {
  ++runs;
  virtual_time = virtual_time + report.virtual_time;
  healed_max = std::max(healed_max, report.healed);
  for (std::size_t i = 0; i < kFaults; ++i) {
    faults.at(i).fired += report.faults.at(i).fired;
    faults.at(i).mattered += report.faults.at(i).mattered;
  }
  for (const auto& [name, count] : report.events) events[name] += count;
  if (report.passed()) return;
  ++failed;
  ++checkers[report.violation->checker];
  failed_seeds.push_back(report.seed);
  std::sort(failed_seeds.begin(), failed_seeds.end());
}

std::vector<std::string> Tally::idle_classes() const {
  std::vector<std::string> idle;
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (faults.at(i).mattered == 0) idle.emplace_back(fault_name(static_cast<Fault>(i)));
  }
  for (const std::string_view name : kObjectEvents) {
    const auto happened = events.find(std::string(name));
    if (happened == events.end() || happened->second == 0) idle.emplace_back(name);
  }
  return idle;
}

std::string text_of(const Tally& tally) {
  std::string text = fmt::format(
      "{} runs, {} failed, {:.1f} h of virtual time, healed in {:.1f} s "
      "at most\n",
      tally.runs, tally.failed, seconds_of(tally.virtual_time) / 3600,
      seconds_of(tally.healed_max));
  for (const auto& [checker, count] : tally.checkers) {
    text += fmt::format("  {}: {} runs\n", checker, count);
  }
  if (!tally.failed_seeds.empty()) {
    text += "  failed seeds:";
    for (std::uint64_t seed : tally.failed_seeds) text += fmt::format(" {}", seed);
    text += "\n";
  }
  return text + faults_text(tally.faults) + events_text(tally.events);
}

std::string json_of(const Tally& tally) {
  Json json = {{"runs", tally.runs},
               {"failed", tally.failed},
               {"virtual_ms", tally.virtual_time.millis()},
               {"healed_max_ms", tally.healed_max.millis()},
               {"checkers", tally.checkers},
               {"failed_seeds", tally.failed_seeds},
               {"faults", faults_json(tally.faults)},
               {"events", tally.events}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace simulation
