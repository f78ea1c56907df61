#include "tools/cli/catalog_commands.h"

#include <fmt/format.h>

#include "tools/cli/entry_line.h"
#include "tools/cli/entry_write.h"
#include "tools/cli/file_facts.h"
#include "tools/cli/json_text.h"
#include "tools/cli/listing.h"
#include "tools/cli/metadata.h"
#include "tools/cli/shape.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

constexpr std::size_t kEntryBytesMax = 1u << 20;  // the agent accepts no larger body
constexpr std::string_view kPageLimit = "1000";   // small, so that the first rows show at once

// Example: "size=12 state=ok". A string has no quotes if it stays one word.
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
  Metadata given;  // checked before a file is read
  if (auto status = set_pairs(parts.pairs, parts.string_pairs, given); !status.ok()) {
    return usage_error(status.error().message);
  }
  Metadata fields;
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
  CHECK(set_pairs(parts.pairs, parts.string_pairs, fields).ok());
  return write_entry(session, {"POST", object, "add", id, "added"}, fields.json());
}

int remove_entry(Session& session, const std::string& object, const std::string& id) {
  if (id.empty()) return empty_id();
  return write_entry(session, {"DELETE", object, "remove", id, "removed"}, "");
}

int get_entry(Session& session, const std::string& object, const std::string& id) {
  if (id.empty()) return empty_id();
  auto answer = session.client.get(fmt::format("/v1/objects/{}/{}", object, percent_encode(id)));
  if (!answer.ok()) return fail(answer.error());
  if (!has_shape(answer->body, {{"id", Kind::kString},
                                {"type", Kind::kString},
                                {"value", Kind::kObject},
                                {"vector", Kind::kObject}})) {
    return foreign_answer(session, fmt::format("GET /v1/objects/{}", object));
  }
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
  listing.is_ours = [](const std::vector<std::string_view>& page) {
    return all_have_shape(page, {{"id", Kind::kString}, {"metadata", Kind::kObject}});
  };
  listing.json_line = entry_line;
  listing.row = [](std::string_view entry) {
    return Row{{unquote(field(entry, "id"))}, {summary(field(entry, "metadata"))}};
  };
  return print_listing(session, listing, first);
}

}  // namespace cli
