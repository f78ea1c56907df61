#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "crdt/base/bytes.h"
#include "tools/bench/types/history.h"
#include "tools/bench/types/packed_file.h"
#include "tools/bench/types/unit_steps.h"

namespace bench {
namespace {

using nlohmann::json;

// No text has more code points than its file has bytes.
constexpr std::uint64_t kPositionMax = kTextFileBytesMax;
// A step of a file may be cut at every unit that another one names as parent.
constexpr std::uint64_t kUnitMax = UINT32_MAX;

class Parser {
 public:
  Parser(const std::string& path, std::string where) : path_(path), where_(std::move(where)) {}

  base::Result<History> parse(const json& file) {
    RETURN_IF_ERROR(check_object(file, ""));
    ASSIGN_OR_RETURN(history_.end, text_of(file, "endContent", ""));
    const auto txns = file.find("txns");
    if (txns == file.end() || !txns->is_array()) return wrong("", "no array \"txns\"");
    if (const auto start = file.find("startContent"); start != file.end()) {
      ASSIGN_OR_RETURN(start_, text_of(file, "startContent", ""));
    }
    const bool units =
        !txns->empty() && txns->front().is_object() && txns->front().contains("span");
    const bool graph =
        units || file.value("kind", json()) == "concurrent" ||
        (!txns->empty() && txns->front().is_object() && txns->front().contains("parents"));
    if (units) {
      RETURN_IF_ERROR(parse_units(*txns));
    } else {
      RETURN_IF_ERROR(parse_transactions(*txns, graph));
    }
    add_start();
    return std::move(history_);
  }

 private:
  base::Error wrong(const std::string& txn, const std::string& what) const {
    return base::invalid(fmt::format("{}: {}{}{}", path_, where_, txn, what));
  }
  static std::string named(std::size_t txn) { return fmt::format("transaction {}: ", txn); }

  base::Status check_object(const json& value, const std::string& txn) const {
    if (!value.is_object()) return wrong(txn, "not a JSON object");
    return {};
  }

  base::Result<std::string> text_of(const json& object, const char* key,
                                    const std::string& txn) const {
    const auto found = object.find(key);
    if (found == object.end()) return wrong(txn, fmt::format("no \"{}\"", key));
    if (!found->is_string()) return wrong(txn, fmt::format("\"{}\" is not a string", key));
    return found->get<std::string>();
  }

  base::Result<std::uint64_t> number_of(const json& value, std::uint64_t most, const char* what,
                                        const std::string& txn) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
      return wrong(
          txn, fmt::format("{} is {}, not a number from 0 to {}", what,
                           value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 40),
                           most));
    }
    return value.get<std::uint64_t>();
  }

  base::Result<std::vector<Patch>> patches_of(const json& object, const char* key,
                                              const std::string& txn) const {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array()) {
      return wrong(txn, fmt::format("no array \"{}\"", key));
    }
    std::vector<Patch> patches;
    patches.reserve(found->size());
    for (const json& one : *found) {
      // A fourth item is the time of the patch.
      if (!one.is_array() || one.size() < 3 || one.size() > 4 || !one[2].is_string()) {
        return wrong(txn, fmt::format("item {} of \"{}\" is not [position, deleted, inserted]",
                                      patches.size(), key));
      }
      Patch patch;
      ASSIGN_OR_RETURN(const std::uint64_t position,
                       number_of(one[0], kPositionMax, "a position", txn));
      ASSIGN_OR_RETURN(const std::uint64_t removed,
                       number_of(one[1], kPositionMax, "a number of deleted characters", txn));
      patch.position = static_cast<std::uint32_t>(position);
      patch.removed = static_cast<std::uint32_t>(removed);
      patch.inserted = one[2].get<std::string>();
      if (unit_count(patch) > 0) patches.push_back(std::move(patch));
    }
    return patches;
  }

  base::Result<std::vector<std::uint32_t>> parents_of(const json& object, std::uint64_t below,
                                                      const std::string& txn) const {
    const auto found = object.find("parents");
    if (found == object.end() || !found->is_array()) return wrong(txn, "no array \"parents\"");
    std::vector<std::uint32_t> parents;
    for (const json& one : *found) {
      if (below == 0) return wrong(txn, "it has parents, but nothing is before it");
      ASSIGN_OR_RETURN(const std::uint64_t parent, number_of(one, below - 1, "a parent", txn));
      parents.push_back(static_cast<std::uint32_t>(parent));
    }
    std::sort(parents.begin(), parents.end());
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    return parents;
  }

  // Numbers stand in their own order, names in that of their bytes.
  base::Result<std::string> agent_of(const json& object, const std::string& txn) const {
    const auto found = object.find("agent");
    if (found == object.end()) return wrong(txn, "no \"agent\"");
    if (found->is_string()) return found->get<std::string>();
    ASSIGN_OR_RETURN(const std::uint64_t number, number_of(*found, UINT32_MAX, "\"agent\"", txn));
    return fmt::format("{:010}", number);
  }

  base::Status parse_transactions(const json& txns, bool graph) {
    std::vector<std::string> names;
    for (const json& txn : txns) {
      const std::size_t number = names.size();
      const std::string name = named(number);
      RETURN_IF_ERROR(check_object(txn, name));
      Step step;
      step.seq = number;
      if (graph) {
        ASSIGN_OR_RETURN(step.parents, parents_of(txn, number, name));
        ASSIGN_OR_RETURN(std::string agent, agent_of(txn, name));
        names.push_back(std::move(agent));
      } else {
        if (number > 0) step.parents = {static_cast<std::uint32_t>(number - 1)};
        names.emplace_back();
      }
      ASSIGN_OR_RETURN(step.patches, patches_of(txn, "patches", name));
      history_.steps.push_back(std::move(step));
    }
    name_agents(names);
    return {};
  }

  base::Status parse_units(const json& txns) {
    std::vector<std::string> names;
    std::vector<UnitStep> steps;
    std::uint64_t next = 0;
    for (const json& txn : txns) {
      const std::string name = named(steps.size());
      RETURN_IF_ERROR(check_object(txn, name));
      UnitStep step;
      step.first = next;
      ASSIGN_OR_RETURN(step.step.parents, parents_of(txn, next, name));
      ASSIGN_OR_RETURN(std::string agent, agent_of(txn, name));
      names.push_back(std::move(agent));
      const auto seq = txn.find("seqStart");
      if (seq == txn.end()) return wrong(name, "no \"seqStart\"");
      ASSIGN_OR_RETURN(step.step.seq, number_of(*seq, kUnitMax, "\"seqStart\"", name));
      ASSIGN_OR_RETURN(step.step.patches, patches_of(txn, "ops", name));
      std::uint64_t units = 0;
      for (const Patch& patch : step.step.patches) units += unit_count(patch);
      RETURN_IF_ERROR(check_span(txn, next, units, name));
      next += units;
      steps.push_back(std::move(step));
    }
    history_.steps.reserve(steps.size());
    name_agents_of(steps, names);
    history_.steps = cut_at_parents(std::move(steps));
    return {};
  }

  base::Status check_span(const json& txn, std::uint64_t first, std::uint64_t units,
                          const std::string& name) const {
    const auto span = txn.find("span");
    const bool shaped = span != txn.end() && span->is_array() && span->size() == 2;
    if (!shaped) return wrong(name, "no \"span\" of two numbers");
    if (first + units > kUnitMax) return wrong(name, "too many operations");
    if ((*span)[0] != first || (*span)[1] != first + units) {
      return wrong(name, fmt::format("\"span\" is {}, but its operations are those from {} to {}",
                                     span->dump().substr(0, 60), first, first + units));
    }
    return {};
  }

  // The agents in the order of their names; `set` gives step i the place of its agent.
  template <typename Set>
  void name_all(const std::vector<std::string>& names, Set set) {
    std::map<std::string, std::uint32_t> places;
    for (const std::string& name : names) places.emplace(name, 0);
    for (auto& [name, place] : places) {
      place = static_cast<std::uint32_t>(history_.agents.size());
      history_.agents.push_back(name);
    }
    for (std::size_t i = 0; i < names.size(); ++i) set(i, places[names[i]]);
  }
  void name_agents(const std::vector<std::string>& names) {
    name_all(names, [&](std::size_t i, std::uint32_t at) { history_.steps[i].agent = at; });
  }
  void name_agents_of(std::vector<UnitStep>& steps, const std::vector<std::string>& names) {
    name_all(names, [&](std::size_t i, std::uint32_t at) { steps[i].step.agent = at; });
  }

  // The text that is there at the beginning is a step of its own, which everything comes after.
  void add_start() {
    if (start_.empty()) return;
    Step first;
    first.patches.push_back({0, 0, std::move(start_)});
    first.agent = static_cast<std::uint32_t>(history_.agents.size());
    history_.agents.emplace_back();
    for (Step& step : history_.steps) {
      for (std::uint32_t& parent : step.parents) ++parent;
      if (step.parents.empty()) step.parents = {0};
    }
    history_.steps.insert(history_.steps.begin(), std::move(first));
  }

  const std::string& path_;
  const std::string where_;
  History history_;
  std::string start_;
};

base::Result<json> parse_json(const std::string& path, std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    return base::invalid(path + ": not JSON: " + error.what());
  }
}

// Every line is a JSON value of its own, and there are several.
std::vector<std::string_view> lines_of_json(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (line.front() != '{' || !json::accept(line)) return {};
    lines.push_back(line);
  }
  return lines.size() > 1 ? lines : std::vector<std::string_view>{};
}

base::Status add_one(HistoryFile& file, const json& value, const std::string& where) {
  ASSIGN_OR_RETURN(History history, Parser(file.path, where).parse(value));
  file.histories.push_back(std::move(history));
  return {};
}

}  // namespace

std::uint64_t unit_count(const Patch& patch) {
  return std::uint64_t{patch.removed} + base::count_points(patch.inserted);
}

base::Result<HistoryFile> parse_histories(const std::string& path, std::string_view text) {
  HistoryFile file{path, {}};
  if (const auto lines = lines_of_json(text); !lines.empty()) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      ASSIGN_OR_RETURN(const json value, parse_json(path, lines[i]));
      RETURN_IF_ERROR(add_one(file, value, fmt::format("line {}: ", i + 1)));
    }
    return file;
  }
  ASSIGN_OR_RETURN(const json value, parse_json(path, text));
  if (!value.is_array()) {
    RETURN_IF_ERROR(add_one(file, value, ""));
    return file;
  }
  if (value.empty()) return base::invalid(path + ": the array is empty");
  for (std::size_t i = 0; i < value.size(); ++i) {
    RETURN_IF_ERROR(add_one(file, value[i], fmt::format("history {}: ", i)));
  }
  return file;
}

base::Result<HistoryFile> read_histories(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_packed_file(path));
  return parse_histories(path, text);
}

}  // namespace bench
