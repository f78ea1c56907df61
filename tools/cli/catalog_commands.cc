#include "tools/cli/catalog_commands.h"

#include <fmt/format.h>

#include "tools/cli/file_facts.h"
#include "tools/cli/json_text.h"
#include "tools/cli/listing.h"
#include "tools/cli/metadata.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

constexpr std::size_t kEntryBytesMax = 1u << 20;  // the agent takes no larger body
constexpr std::string_view kPageLimit = "10000";

std::string entry_path(const std::string& object, std::string_view verb, const std::string& id) {
  return fmt::format("/{}/{}/{}", object, verb, percent_encode(id));
}

int empty_id() { return usage_error("an id has 1 to 512 bytes"); }

// {"id","status"}: "added snap1".
int report(Session& session, const base::Result<Answer>& answer, const std::string& id) {
  if (!answer.ok()) return fail(answer.error());
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
  } else {
    session.printer.line(fmt::format("{} {}", unquote(field(answer->body, "status")), id));
  }
  return kDone;
}

// "size=12 state=ok": strings bare where they stay one word.
std::string summary(std::string_view metadata) {
  auto all = members(metadata);
  if (!all) return std::string(metadata);
  std::string out;
  for (const auto& member : *all) {
    auto text = unquote(member.value);
    bool bare = !text.empty() && text.find_first_of(" =\"") == std::string::npos;
    if (!out.empty()) out.push_back(' ');
    out += member.name + "=" + (bare ? text : std::string(member.value));
  }
  return out;
}

}  // namespace

int add_entry(Session& session, const std::string& object, const std::string& id,
              const EntryParts& parts) {
  if (id.empty()) return empty_id();
  Metadata fields;
  for (const auto& pair : parts.pairs) {
    if (auto parsed = parse_pair(pair); !parsed.ok()) return usage_error(parsed.error().message);
  }
  if (!parts.json_path.empty()) {
    auto text = read_text(parts.json_path, kEntryBytesMax);
    if (!text.ok()) return fail(text.error());
    if (auto status = fields.set_all(*text); !status.ok()) {
      return fail(base::invalid(fmt::format("{}: {}", parts.json_path, status.error().message)));
    }
  }
  if (!parts.file_path.empty()) {
    if (auto status = add_file_facts(parts.file_path, fields); !status.ok()) {
      return fail(status.error());
    }
  }
  for (const auto& pair : parts.pairs) {
    auto [name, json] = *parse_pair(pair);
    fields.set(name, json);
  }
  return report(session, session.client.send("POST", entry_path(object, "add", id), fields.json()),
                id);
}

int remove_entry(Session& session, const std::string& object, const std::string& id) {
  if (id.empty()) return empty_id();
  return report(session, session.client.send("DELETE", entry_path(object, "remove", id), ""), id);
}

int set_fields(Session& session, const std::string& object, const std::string& id,
               const std::vector<std::string>& pairs) {
  if (id.empty()) return empty_id();
  Metadata fields;
  for (const auto& pair : pairs) {
    auto parsed = parse_pair(pair);
    if (!parsed.ok()) return usage_error(parsed.error().message);
    fields.set(parsed->first, parsed->second);
  }
  return report(
      session, session.client.send("PATCH", entry_path(object, "metadata", id), fields.json()), id);
}

int get_entry(Session& session, const std::string& object, const std::string& id) {
  if (id.empty()) return empty_id();
  auto answer = session.client.get(fmt::format("/v1/objects/{}/{}", object, percent_encode(id)));
  if (!answer.ok()) return fail(answer.error());
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
    return kDone;
  }
  std::vector<std::pair<std::string, Cell>> pairs{{"id", {id}}};
  auto all = members(field(answer->body, "value"));
  for (const auto& member : all.value_or(std::vector<Member>{})) {
    pairs.push_back({member.name, {unquote(member.value)}});
  }
  session.printer.pairs(pairs);
  return kDone;
}

int list_entries(Session& session, const std::string& object, const std::string& query) {
  auto first = fmt::format("/catalog/query?type={}&limit={}", object, kPageLimit);
  if (!query.empty()) first += "&q=" + percent_encode(query);
  Listing listing;
  listing.header = {"ID", "METADATA"};
  listing.elements = elements;
  listing.next = linked_page;
  listing.row = [](std::string_view entry) {
    return Row{{unquote(field(entry, "id"))}, {summary(field(entry, "metadata"))}};
  };
  return print_listing(session, listing, first);
}

}  // namespace cli
