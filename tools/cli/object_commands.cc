#include "tools/cli/object_commands.h"

#include <fmt/format.h>

#include "tools/cli/json_text.h"
#include "tools/cli/listing.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

constexpr std::string_view kObjects = "/v1/objects";
constexpr std::string_view kObjectsLimit = "1000";

std::string place(const std::string& id, const Path& path) {
  auto url = fmt::format("{}/{}", kObjects, percent_encode(id));
  for (const auto& step : path) url += "/" + percent_encode(step);
  return url;
}

void print_value(Printer& printer, std::string_view value) {
  if (auto fields = members(value)) {
    std::vector<std::pair<std::string, Cell>> pairs;
    for (const auto& member : *fields) pairs.push_back({member.name, {unquote(member.value)}});
    printer.pairs(pairs);
  } else if (auto items = elements(value)) {
    for (auto item : *items) printer.line(unquote(item));
  } else {
    printer.line(unquote(value));
  }
}

// A stamp may be text or an object: what is not a string is shown as it is.
void print_dots(Printer& printer, std::string_view body) {
  auto dots = elements(field(body, "dots")).value_or(std::vector<std::string_view>{});
  std::vector<Row> rows;
  for (auto dot : dots) {
    auto at = [&](std::string_view name) { return Cell{unquote(field(dot, name))}; };
    bool is_shown = field(dot, "shown") == "true";  // every dot that is listed lives
    rows.push_back({at("dot"),
                    {is_shown ? "shown" : "beaten", is_shown ? Colour::kGreen : Colour::kNone},
                    at("stamp"),
                    at("writer"),
                    at("rule"),
                    {std::string(field(dot, "value"))}});
  }
  printer.rows({"DOT", "STATE", "STAMP", "WRITER", "RULE", "VALUE"}, rows);
}

int empty_name() { return usage_error("an id or a step of a path has 1 to 512 bytes"); }

bool has_empty(const std::string& id, const Path& path) {
  bool empty = id.empty();
  for (const auto& step : path) empty = empty || step.empty();
  return empty;
}

}  // namespace

int list_objects(Session& session) {
  Listing listing;
  listing.header = {"ID", "TYPE", "CELLS"};
  listing.elements = [](std::string_view body) { return elements(field(body, "objects")); };
  listing.next = [](const Answer& answer) -> std::string {
    auto next = field(answer.body, "next");
    if (!next.starts_with('"')) return {};
    return fmt::format("{}?limit={}&after={}", kObjects, kObjectsLimit, percent_encode(unquote(next)));
  };
  listing.row = [](std::string_view object) {
    return Row{{unquote(field(object, "id"))},
               {unquote(field(object, "type"))},
               {unquote(field(object, "cells"))}};
  };
  listing.open = R"({"objects":[)";
  listing.close = R"(],"next":null})";
  return print_listing(session, listing, fmt::format("{}?limit={}", kObjects, kObjectsLimit));
}

int get_object(Session& session, const std::string& id, const Path& path) {
  if (has_empty(id, path)) return empty_name();
  auto answer = session.client.get(place(id, path));
  if (!answer.ok()) return fail(answer.error());
  if (session.printer.is_table()) {
    print_value(session.printer, field(answer->body, "value"));
  } else {
    session.printer.answer(answer->body);
  }
  return kDone;
}

int inspect_object(Session& session, const std::string& id, const Path& path) {
  if (has_empty(id, path)) return empty_name();
  auto answer = session.client.get(place(id, path) + "?inspect=1");
  if (!answer.ok()) return fail(answer.error());
  if (session.printer.is_table()) {
    print_dots(session.printer, answer->body);
  } else {
    session.printer.answer(answer->body);
  }
  return kDone;
}

}  // namespace cli
