#include "tools/cli/join_text.h"

#include <fmt/format.h>

#include "tools/cli/amounts.h"
#include "tools/cli/json_text.h"
#include "tools/cli/names.h"

namespace cli {
namespace {

std::string outcome_words(std::string_view outcome) {
  if (outcome == "nothing_new") return "nothing new";
  return std::string(outcome);
}

}  // namespace

std::string join_counts(std::string_view json) {
  const auto cells = field(json, "cells");
  const auto objects = field(json, "objects");
  const auto at = [](std::string_view part, std::string_view name) {
    return number(field(part, name));
  };
  return fmt::format(
      "{} added, {} removed; {} new, {} changed, {} removed; {} changed; {} kept that the other "
      "side did not have",
      counted(at(cells, "added"), "cell"), at(cells, "removed"),
      counted(at(objects, "new"), "object"), at(objects, "changed"), at(objects, "removed"),
      counted(at(json, "texts_changed"), "text"),
      counted(at(json, "own_changes_kept"), "own change"));
}

std::string last_join(Names& names, std::string_view json) {
  if (json.empty() || json == "null") return "none since the start";
  const std::string outcome = unquote(field(json, "outcome"));
  const std::string from = unquote(field(json, "from"));
  std::string text = fmt::format("{} {} ago, from {}", outcome_words(outcome),
                                 time_span(number(field(json, "seconds_ago"))),
                                 from == "file" ? "a file" : names.of(from));
  const auto away = field(json, "away_seconds");
  if (!away.empty() && away != "null")
    text += fmt::format(", after {} away", time_span(number(away)));
  if (outcome == "merged") text += ": " + join_counts(json);
  return text + fmt::format("; {} in {} s", byte_count(number(field(json, "bytes"))),
                            field(json, "seconds"));
}

}  // namespace cli
