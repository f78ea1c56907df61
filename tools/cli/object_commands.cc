#include "tools/cli/object_commands.h"

#include <fmt/format.h>

#include "crdt/base/bytes.h"
#include "crdt/base/json_string.h"
#include "crdt/value.h"
#include "tools/cli/json_text.h"
#include "tools/cli/listing.h"
#include "tools/cli/metadata.h"
#include "tools/cli/shape.h"
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
    for (auto item : *items) printer.row_line(unquote(item));
  } else {
    printer.row_line(unquote(value));
  }
}

// Example: "snap1/size". "-" if the path is that of the whole object.
std::string path_text(std::string_view dot) {
  std::string text;
  for (auto step : elements(field(dot, "path")).value_or(std::vector<std::string_view>{})) {
    if (!text.empty()) text += "/";
    text += unquote(step);
  }
  return text.empty() ? "-" : text;
}

void print_dots(Session& session, std::string_view body) {
  std::vector<Row> rows;
  for (auto dot : elements(field(body, "dots")).value_or(std::vector<std::string_view>{})) {
    auto at = [&](std::string_view name) { return unquote(field(dot, name)); };
    bool is_shown = field(dot, "shown") == "true";  // every listed dot is in force
    rows.push_back({{path_text(dot)},
                    {at("type")},
                    {is_shown ? "shown" : "hidden", is_shown ? Colour::kGreen : Colour::kNone},
                    {readable_stamp(at("stamp"))},
                    {session.names.of(at("writer"))},
                    {at("rule")},
                    {short_dot(at("dot"))},
                    {std::string(field(dot, "value"))}});
  }
  session.printer.rows({"PATH", "TYPE", "STATE", "TIME", "WRITER", "RULE", "DOT", "VALUE"}, rows);
}

bool is_object(std::string_view body) {
  return has_shape(body, {{"id", Kind::kString},
                          {"type", Kind::kString},
                          {"value", Kind::kAny},
                          {"vector", Kind::kObject}});
}

// A write that changed nothing has neither a type nor a dot.
bool is_write(std::string_view body) {
  return has_shape(
      body, {{"id", Kind::kString}, {"type", Kind::kStringOrNull}, {"dot", Kind::kStringOrNull}});
}

// What is wrong with the words that name a place; empty if nothing is. A key may be empty. The
// agent checks the rest.
std::string place_problem(const std::string& id, const Path& path) {
  if (id.empty()) return "the id is empty; expected 1 to 512 bytes";
  if (!base::is_utf8(id)) return "the id is not UTF-8";
  for (const auto& key : path) {
    if (!base::is_utf8(key)) return "a key of the path is not UTF-8";
  }
  return {};
}

std::vector<std::string> words_of(const std::string& id, const Path& path) {
  std::vector<std::string> words{id};
  words.insert(words.end(), path.begin(), path.end());
  return words;
}

int print_write(Session& session, const std::string& what, const std::string& id, const Path& path,
                const base::Result<Answer>& answer) {
  if (!answer.ok()) return fail(answer.error());
  if (!is_write(answer->body)) return foreign_answer(session, what);
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
    return kDone;
  }
  bool changed = field(answer->body, "dot") != "null";
  session.printer.line(
      fmt::format("{} {}", changed ? "updated" : "unchanged", fmt::join(words_of(id, path), "/")));
  return kDone;
}

// Sends one op for one place and prints the result.
int change_object(Session& session, const std::string& id, const Path& path, const std::string& op,
                  const std::string& type = "") {
  if (auto wrong = place_problem(id, path); !wrong.empty()) return usage_error(wrong);
  auto url = place(id, path);
  std::string of_type = type.empty() ? "" : R"("type":)" + base::json_quote(type) + ",";
  auto answer = session.client.send("PATCH", url, "{" + of_type + R"("ops":[)" + op + "]}");
  return print_write(session, "PATCH " + url, id, path, answer);
}

// The words before the last one.
Path path_of(const Path& words) { return {words.begin(), words.end() - 1}; }

constexpr std::string_view kTypes =
    "gcounter, pncounter, lww_register, mv_register, orset, crdt_map or seq";

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

int no_number(std::string_view flag) {
  return usage_error(fmt::format("{} takes a whole number from 0", flag));
}

// Changes the place that all words but the last name, with the last one as the value.
int change_with_value(Session& session, const std::string& id, const Path& words,
                      const ObjectWrite& write, std::string_view op) {
  if (words.empty()) return usage_error(fmt::format("{}: give the value", op));
  const auto& text = words.back();
  if (!base::is_utf8(text)) return usage_error("the value is not UTF-8");
  auto value = write.is_string ? base::json_quote(text) : value_json(text);
  return change_object(session, id, path_of(words),
                       fmt::format(R"({{"op":"{}","value":{}}})", op, value), write.type);
}

}  // namespace

int list_objects(Session& session) {
  Listing listing;
  listing.is_array = false;
  listing.header = {"ID", "TYPE", "CELLS"};
  listing.elements = [](std::string_view body) { return elements(field(body, "objects")); };
  listing.next = [](const Answer& answer) -> std::string {
    auto next = field(answer.body, "next");
    if (!next.starts_with('"')) return {};
    return fmt::format("{}?limit={}&after={}", kObjects, kObjectsLimit,
                       percent_encode(unquote(next)));
  };
  listing.is_ours = [](const std::vector<std::string_view>& page) {
    return all_have_shape(
        page, {{"id", Kind::kString}, {"type", Kind::kString}, {"cells", Kind::kNumber}});
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
  if (auto wrong = place_problem(id, path); !wrong.empty()) return usage_error(wrong);
  auto answer = session.client.get(place(id, path));
  if (!answer.ok()) return fail(answer.error());
  if (!is_object(answer->body)) return foreign_answer(session, "GET " + place(id, path));
  if (session.printer.is_table()) {
    print_value(session.printer, field(answer->body, "value"));
  } else {
    session.printer.answer(answer->body);
  }
  return kDone;
}

int inspect_object(Session& session, const std::string& id, const Path& path) {
  if (auto wrong = place_problem(id, path); !wrong.empty()) return usage_error(wrong);
  auto answer = session.client.get(place(id, path) + "?inspect=1");
  if (!answer.ok()) return fail(answer.error());
  if (!is_object(answer->body) || !field(answer->body, "dots").starts_with('[')) {
    return foreign_answer(session, "GET " + place(id, path));
  }
  if (session.printer.is_table()) {
    print_dots(session, answer->body);
  } else {
    session.printer.answer(answer->body);
  }
  return kDone;
}

int set_object(Session& session, const std::string& id, const Path& path_and_value,
               const ObjectWrite& write) {
  return change_with_value(session, id, path_and_value, write, "set");
}

int add_element(Session& session, const std::string& id, const Path& path_and_value,
                const ObjectWrite& write) {
  return change_with_value(session, id, path_and_value, write, "add");
}

int remove_element(Session& session, const std::string& id, const Path& path_and_value,
                   const ObjectWrite& write) {
  return change_with_value(session, id, path_and_value, write, "remove");
}

namespace {

// A word that is no JSON becomes a string. For a type that takes an object or an array this is a
// slip of the keyboard or of the shell, so the error is that of the JSON.
std::string json_problem(const ObjectWrite& write, std::string_view text) {
  const bool takes_json = write.type == "crdt_map" || write.type == "orset";
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool is_meant = first != text.npos && (text[first] == '{' || text[first] == '[');
  if (!takes_json || !is_meant || write.is_string) return {};
  const auto minified = crdt::minify_json(text, text.size());
  if (minified.ok()) return {};
  return fmt::format("put: the value of the {} is not valid JSON: {}", write.type,
                     minified.error().message);
}

}  // namespace

int put_object(Session& session, const std::string& id, const Path& path_and_value,
               const ObjectWrite& write) {
  if (path_and_value.empty()) return usage_error("put: give the value");
  if (write.type.empty())
    return usage_error(fmt::format("put: give the type of the place with --type: {}", kTypes));
  const Path path = path_of(path_and_value);
  if (auto wrong = place_problem(id, path); !wrong.empty()) return usage_error(wrong);
  const auto& text = path_and_value.back();
  if (!base::is_utf8(text)) return usage_error("the value is not UTF-8");
  if (auto wrong = json_problem(write, text); !wrong.empty()) return usage_error(wrong);
  auto value = write.is_string ? base::json_quote(text) : value_json(text);
  auto url = place(id, path);
  auto answer = session.client.send(
      "PUT", url, fmt::format(R"({{"type":{},"value":{}}})", base::json_quote(write.type), value));
  return print_write(session, "PUT " + url, id, path, answer);
}

int insert_text(Session& session, const std::string& id, const Path& path_and_text,
                const ObjectWrite& write) {
  if (path_and_text.empty()) return usage_error("insert: give the text");
  if (write.at.empty() && write.after.empty()) {
    return usage_error("insert: give the position with --at, or an element with --after");
  }
  if (!write.at.empty() && !write.after.empty()) {
    return usage_error("insert: --at and --after are both given; one of them says the place");
  }
  if (!write.at.empty() && !is_number(write.at)) return no_number("--at");
  const auto& text = path_and_text.back();
  if (!base::is_utf8(text)) return usage_error("the text is not UTF-8");
  auto where =
      write.at.empty() ? R"("after":)" + base::json_quote(write.after) : R"("at":)" + write.at;
  return change_object(
      session, id, path_of(path_and_text),
      fmt::format(R"({{"op":"insert",{},"text":{}}})", where, base::json_quote(text)), "seq");
}

int erase_text(Session& session, const std::string& id, const Path& path,
               const ObjectWrite& write) {
  if (!is_number(write.at)) return no_number("--at");
  if (!is_number(write.length)) return no_number("--len");
  return change_object(session, id, path,
                       fmt::format(R"({{"op":"erase","at":{},"len":{}}})", write.at, write.length),
                       "seq");
}

int count_object(Session& session, const std::string& id, const Path& path, bool up,
                 const ObjectWrite& write) {
  if (!is_number(write.by)) {
    return usage_error(fmt::format("--by takes a whole number from 0; `objects {}` counts {}",
                                   up ? "decrement" : "increment", up ? "down" : "up"));
  }
  return change_object(
      session, id, path,
      fmt::format(R"({{"op":"{}","by":{}}})", up ? "increment" : "decrement", write.by),
      write.type);
}

int unset_object(Session& session, const std::string& id, const Path& path) {
  return change_object(session, id, path, R"({"op":"unset"})");
}

}  // namespace cli
