#include "agent/api/catalog_delta_post.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "agent/api/acknowledged.h"
#include "agent/api/body.h"
#include "agent/api/catalog_delta_page.h"
#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "agent/api/time_text.h"
#include "crdt/base/hash.h"
#include "crdt/types/register.h"

namespace agent {
namespace {

using crdt::Members;
using Kind = PostedDelta::Kind;

struct KeyForm {
  std::string_view prefix;
  std::string_view type;
  const char* object;
};
constexpr KeyForm kKeyForms[] = {{"snapshots:", "orset", "snapshots"},
                                 {"images:", "orset", "images"},
                                 {"snapshot_metadata:", "lww", "snapshots"},
                                 {"image_metadata:", "lww", "images"}};

base::Result<Members> object_member(const Members& members, std::string_view name) {
  const std::string* text = find_member(members, name);
  if (text == nullptr) return base::invalid("\"" + std::string(name) + "\" is missing");
  if (text->front() != '{') {
    return base::invalid("\"" + std::string(name) + "\" must be a JSON object");
  }
  return crdt::object_members(*text);
}

base::Result<ClockEntries> clock_of(const Members& delta) {
  ASSIGN_OR_RETURN(const Members entries, object_member(delta, "vector_clock"));
  if (entries.empty()) {
    return base::invalid("\"vector_clock\" is empty: it must name the writer of the delta");
  }
  if (entries.size() > kClockEntriesMax) {
    return base::Error{base::Code::kTooLarge,
                       "\"vector_clock\" has " + std::to_string(entries.size()) +
                           " entries; at most " + std::to_string(kClockEntriesMax) +
                           " are possible"};
  }
  ClockEntries clock;
  for (const auto& [name, text] : entries) {
    if (name.empty() || name.size() > crdt::kWriterBytesMax) {
      return base::invalid("a name in \"vector_clock\" has " + std::to_string(name.size()) +
                           " bytes; 1 to " + std::to_string(crdt::kWriterBytesMax) +
                           " are possible");
    }
    ASSIGN_OR_RETURN(clock[name], number_member(entries, name, INT64_MAX));
  }
  return clock;
}

base::Result<std::vector<std::string>> tags_member(const Members& data) {
  std::vector<std::string> tags;
  const std::string* text = find_member(data, "tags");
  if (text == nullptr) return tags;
  if (text->front() != '[') return base::invalid("\"tags\" must be an array of strings");
  ASSIGN_OR_RETURN(const std::vector<std::string> elements, crdt::array_elements(*text));
  for (const std::string& element : elements) {
    if (element.front() != '"') return base::invalid("\"tags\" must be an array of strings");
    tags.push_back(crdt::json_unquote(element));
  }
  return tags;
}

// A key that ends in ":remove" may be a removal, or an add of an id that ends so. The data tells.
base::Status read_set(const Members& data, PostedDelta& delta) {
  if (const std::string* removed = find_member(data, "removed")) {
    RETURN_IF_ERROR(check_members(data, "the data of a removal", {"removed", "tags"}));
    if (*removed != "true") return base::invalid("\"removed\" must be true");
    constexpr std::string_view kSuffix = ":remove";
    if (!delta.id.ends_with(kSuffix)) {
      return base::invalid("the key of a removal must end in :remove");
    }
    delta.id.resize(delta.id.size() - kSuffix.size());
    delta.kind = Kind::kRemove;
    ASSIGN_OR_RETURN(delta.tags, tags_member(data));
    return {};
  }
  RETURN_IF_ERROR(check_members(data, "the data of an add", {"tag", "metadata"}));
  delta.kind = Kind::kAdd;
  ASSIGN_OR_RETURN(std::string tag, string_member(data, "tag"));
  if (tag.empty()) return base::invalid("\"tag\" is empty");
  delta.tags.push_back(std::move(tag));
  const std::string* metadata = find_member(data, "metadata");
  if (metadata == nullptr) return {};
  ASSIGN_OR_RETURN(delta.metadata, metadata_of(*metadata));
  return {};
}

base::Status read_key(const Members& members, PostedDelta& delta) {
  ASSIGN_OR_RETURN(const std::string type, string_member(members, "type"));
  ASSIGN_OR_RETURN(const std::string key, string_member(members, "key"));
  if (type != "orset" && type != "lww") {
    return base::invalid("the type " + type.substr(0, 40) + " is not known: use orset or lww");
  }
  const auto form = std::find_if(std::begin(kKeyForms), std::end(kKeyForms), [&](const auto& one) {
    return key.starts_with(one.prefix) && type == one.type;
  });
  if (form == std::end(kKeyForms)) {
    return base::invalid("the key " + key.substr(0, 80) + " does not fit the type " + type +
                         ": of orset it is snapshots:ID or images:ID (to remove, with :remove "
                         "behind it), of lww snapshot_metadata:ID or image_metadata:ID");
  }
  delta.object = form->object;
  delta.id = key.substr(form->prefix.size());
  ASSIGN_OR_RETURN(const Members data, object_member(members, "data"));
  if (type == "lww") {
    delta.kind = Kind::kMetadata;
    ASSIGN_OR_RETURN(delta.metadata, metadata_of(*find_member(members, "data")));
  } else {
    RETURN_IF_ERROR(read_set(data, delta));
  }
  return check_id("the id in the key", delta.id);
}

base::Result<PostedDelta> parse_delta(const std::string& text) {
  if (text.front() != '{') return base::invalid("a delta must be a JSON object");
  ASSIGN_OR_RETURN(const Members members, crdt::object_members(text));
  RETURN_IF_ERROR(check_members(members, "a delta",
                                {"node_id", "vector_clock", "type", "key", "data", "timestamp"}));
  PostedDelta delta;
  delta.text = text;
  ASSIGN_OR_RETURN(delta.node, string_member(members, "node_id"));
  if (delta.node.empty() || delta.node.size() > crdt::kWriterBytesMax ||
      delta.node.find('\0') != std::string::npos) {
    return base::invalid("\"node_id\" must have 1 to " + std::to_string(crdt::kWriterBytesMax) +
                         " bytes without NUL");
  }
  ASSIGN_OR_RETURN(delta.clock, clock_of(members));
  RETURN_IF_ERROR(read_key(members, delta));
  ASSIGN_OR_RETURN(const std::uint64_t nanos, number_member(members, "timestamp", INT64_MAX));
  delta.timestamp = static_cast<std::int64_t>(nanos);
  return delta;
}

// The cells that decide what metadata is shown.
void each_metadata_cell(const crdt::Entry& entry,
                        const std::function<void(const crdt::Cell&)>& visit) {
  const auto best = [&](const crdt::Cells& cells) {
    if (const auto index = crdt::winner(cells)) visit(cells[*index]);
  };
  best(entry.reset);
  for (const auto& [name, cells] : entry.fields) best(cells);
}

}  // namespace

base::Result<PostedDeltas> parse_posted(std::string_view body) {
  const auto checked = crdt::minify_json(body, std::max<std::size_t>(body.size(), 1));
  if (!checked.ok() || (checked->front() != '{' && checked->front() != '[')) {
    return base::invalid("the body must be a delta, which is a JSON object, or an array of them" +
                         (checked.ok() ? std::string() : ": " + checked.error().message));
  }
  PostedDeltas posted;
  posted.is_array = checked->front() == '[';
  std::vector<std::string> texts{*checked};
  if (posted.is_array) {
    ASSIGN_OR_RETURN(texts, crdt::array_elements(*checked));
  }
  if (texts.size() > kPostedDeltasMax) {
    return base::Error{base::Code::kTooLarge,
                       "a request takes at most " + std::to_string(kPostedDeltasMax) + " deltas"};
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto delta = parse_delta(texts[i]);
    if (!delta.ok()) {
      const std::string which = posted.is_array ? "delta " + std::to_string(i) + ": " : "";
      return base::Error{delta.error().code, which + delta.error().message};
    }
    posted.deltas.push_back(std::move(*delta));
  }
  return posted;
}

base::Result<std::optional<WriteObject>> DeltaJudge::judge(const PostedDelta& delta,
                                                           ForeignClocks& clocks) {
  std::optional<WriteObject> write;
  if (is_ours(delta)) return write;
  auto known = clocks.find(delta.node);
  if (known == clocks.end()) {
    ASSIGN_OR_RETURN(const crdt::Cells cells,
                     reader_.cells().cells_at(kAcknowledgedObject, {kForeignDoor, delta.node},
                                              crdt::SlotType::kLwwRegister));
    // Agents that took deltas of the node concurrently have written one each.
    known = clocks.emplace(delta.node, ForeignClock()).first;
    for (const crdt::Cell& cell : cells) {
      known->second.join(ForeignClock::parse(crdt::value_of(cell.body)));
    }
  }
  const base::Hash128 hash = base::hash128(delta.text);
  const std::string name =
      base::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()}).substr(0, 16);
  if (known->second.is_stale(delta.node, delta.clock, name)) return write;
  known->second.take(delta.node, delta.clock, name);

  crdt::Op op;
  op.path = {delta.id};
  op.tags = delta.tags;
  write.emplace();
  write->object = delta.object;
  if (delta.kind == Kind::kRemove) {
    op.verb = crdt::Verb::kUnset;
    if (!op.tags.empty()) op.stamp = crdt::Stamp{{delta.timestamp, 0}, delta.node};
    const crdt::RequestHash mark = posted_mark(delta.node, delta.text);
    write->name = RequestName{mark, mark};
  } else {
    op.verb = delta.kind == Kind::kAdd ? crdt::Verb::kSet : crdt::Verb::kPut;
    op.argument = delta.metadata;
    ASSIGN_OR_RETURN(op.stamp, stamp_of(delta));
  }
  write->ops.push_back(std::move(op));
  return write;
}

bool DeltaJudge::is_ours(const PostedDelta& delta) const {
  return std::all_of(delta.clock.begin(), delta.clock.end(), [&](const auto& entry) {
    const auto actor = base::ActorId::from_hex(entry.first);
    return actor && actors_.find(*actor) && actors_.vector().covers(*actor, entry.second);
  });
}

// Two meshes must decide alike between a value of the one and a value of the other. Deltas carry
// the time of a stamp as one number, and name the node of this mesh that wrote it; here its stamp
// has a counter apart and no writer. Where that would let the delta win although it has the lower
// (timestamp, node_id), its stamp is put below the value that is there.
base::Result<crdt::Stamp> DeltaJudge::stamp_of(const PostedDelta& delta) {
  crdt::Stamp stamp{{delta.timestamp, 0}, delta.node};
  ASSIGN_OR_RETURN(const crdt::Entry entry, reader_.cells().entry(delta.object, delta.id));
  const CatalogDeltas names(reader_, actors_);
  each_metadata_cell(entry, [&](const crdt::Cell& cell) {
    const std::string node =
        cell.stamp.writer.empty() ? names.node_of(cell.dot.actor) : cell.stamp.writer;
    const std::pair theirs(static_cast<std::uint64_t>(delta.timestamp),
                           std::string_view(delta.node));
    const std::pair ours(nanos_with_counter(cell.stamp.time), std::string_view(node));
    if (theirs < ours && stamp > cell.stamp) stamp.time = {cell.stamp.time.nanos - 1, 0};
  });
  return stamp;
}

WriteObject write_of(const ForeignClocks& clocks) {
  WriteObject write;
  write.object = kAcknowledgedObject;
  for (const auto& [node, clock] : clocks) {
    crdt::Op op;
    op.path = {kForeignDoor, node};
    op.verb = crdt::Verb::kSet;
    op.argument = clock.text();
    op.type = crdt::SlotType::kLwwRegister;
    write.ops.push_back(std::move(op));
  }
  return write;
}

}  // namespace agent
