// `set` and `unset` of snapshots and images: they change single fields of an entry.

#include <fmt/format.h>

#include "crdt/base/json_string.h"
#include "tools/cli/catalog_commands.h"
#include "tools/cli/entry_write.h"
#include "tools/cli/json_text.h"
#include "tools/cli/metadata.h"
#include "tools/cli/shape.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

std::string entry_path(const std::string& object, const std::string& id) {
  return fmt::format("/v1/objects/{}/{}", object, percent_encode(id));
}

// kNotFound if there is no such entry. An entry that is too large for an answer exists.
base::Status find_entry(Session& session, const std::string& object, const std::string& id) {
  auto answer = session.client.get(entry_path(object, id));
  if (answer.ok() || answer.error().code == base::Code::kTooLarge) return {};
  return answer.error();
}

bool is_absent(const base::Status& found) {
  return !found.ok() && found.error().code == base::Code::kNotFound;
}

// Called before the write if the entry must exist. Any result except kDone ends the command.
int require(Session& session, const std::string& object, const std::string& id) {
  auto found = find_entry(session, object, id);
  if (found.ok()) return kDone;
  if (!is_absent(found)) return fail(found.error());
  say(fmt::format("{} has no entry \"{}\"; nothing was written", object, id));
  return kNotFound;
}

// Called after a set. The write is valid whatever this finds.
void tell_if_absent(Session& session, const std::string& object, const std::string& id) {
  if (!is_absent(find_entry(session, object, id))) return;
  say(
      fmt::format("the entry \"{}\" does not exist yet: `{} get` and `ls` do not show it, and "
                  "the new fields are shown only if another agent adds it at the same time; to "
                  "create it: hearsay {} add {} --meta K=V",
                  id, object, object, id));
}

}  // namespace

int set_fields(Session& session, const std::string& object, const std::string& id,
               const FieldChanges& changes) {
  if (id.empty()) return empty_id();
  Metadata fields;
  if (auto status = set_pairs(changes.pairs, changes.string_pairs, fields); !status.ok()) {
    return usage_error(status.error().message);
  }
  if (fields.empty()) return usage_error("set: give at least one K=V or --meta-string K=V");
  if (changes.must_exist) {
    if (int exit = require(session, object, id); exit != kDone) return exit;
  }
  int exit = write_entry(session, {"PATCH", object, "metadata", id, "updated"}, fields.json());
  if (exit == kDone) tell_if_absent(session, object, id);
  return exit;
}

int unset_fields(Session& session, const std::string& object, const std::string& id,
                 const FieldChanges& changes) {
  if (id.empty()) return empty_id();
  if (changes.unset.empty()) return usage_error("unset: give the name of at least one field");
  std::string ops;
  for (const auto& name : changes.unset) {
    if (name.empty()) return usage_error("the name of a field has 1 to 1024 bytes");
    if (!ops.empty()) ops += ",";
    ops += fmt::format(R"({{"op":"unset","path":[{}]}})", base::json_quote(name));
  }
  if (changes.must_exist) {
    if (int exit = require(session, object, id); exit != kDone) return exit;
  }
  auto path = entry_path(object, id);
  auto answer = session.client.send("PATCH", path, R"({"ops":[)" + ops + "]}");
  if (!answer.ok()) return fail(answer.error());
  if (!has_shape(answer->body,
                 {{"id", Kind::kString}, {"type", Kind::kString}, {"dot", Kind::kStringOrNull}})) {
    return foreign_answer(session, "PATCH " + path);
  }
  if (session.printer.is_table()) {
    bool changed = field(answer->body, "dot") != "null";
    session.printer.line(fmt::format("{} {}", changed ? "updated" : "unchanged", id));
  } else {
    session.printer.answer(answer->body);
  }
  if (is_absent(find_entry(session, object, id))) {
    say(fmt::format("{} has no entry \"{}\"; `{} ls` shows the entries", object, id, object));
  }
  return kDone;
}

}  // namespace cli
