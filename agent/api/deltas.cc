#include "agent/api/deltas.h"

#include <utility>

#include "agent/api/body.h"
#include "agent/api/limits.h"
#include "agent/api/object_ops.h"
#include "agent/api/place.h"
#include "agent/api/text_cursors.h"
#include "agent/api/time_text.h"
#include "crdt/catalog/entry_write.h"

namespace agent {
namespace {

using crdt::Members;
using crdt::Op;
using crdt::SlotType;
using crdt::Verb;

// Where the operations of a delta go, and what they have in common.
struct Delta {
  WriteObject& write;
  std::optional<crdt::Stamp> stamp;
};

base::Status add(Delta& delta, Op op) {
  if (delta.write.ops.size() >= kBatchOpsMax) {
    return base::Error{base::Code::kTooLarge,
                       "a delta takes at most " + std::to_string(kBatchOpsMax) + " operations"};
  }
  RETURN_IF_ERROR(fit_catalog(delta.write.object, op));
  delta.write.ops.push_back(std::move(op));
  return {};
}

Op op_at(const crdt::Path& path, Verb verb, SlotType type, crdt::Argument argument) {
  Op op;
  op.path = path;
  op.verb = verb;
  op.type = type;
  op.argument = std::move(argument);
  return op;
}

base::Result<Members> object_of(std::string_view what, const std::string& text) {
  if (text.front() != '{') return base::invalid(std::string(what) + " must be a JSON object");
  return crdt::object_members(text);
}

base::Result<std::vector<std::string>> array_of(std::string_view what, const std::string& text) {
  if (text.front() != '[') return base::invalid(std::string(what) + " must be a JSON array");
  return crdt::array_elements(text);
}

// --- counters: {"increment":n}, {"decrement":n}, {"counts":{node: total}}

base::Result<std::uint64_t> optional_number(const Members& members, std::string_view key) {
  if (!find_member(members, key)) return std::uint64_t{0};
  return number_member(members, key, UINT64_MAX);
}

// The total of a node: a number, or {"increment":n,"decrement":m} in a pncounter.
base::Result<crdt::Totals::Node> total_of(const std::string& node, const std::string& text,
                                          SlotType type) {
  crdt::Totals::Node total{node, 0, 0};
  if (text.front() != '{') {
    ASSIGN_OR_RETURN(total.added, number_member({{node, text}}, node, UINT64_MAX));
    return total;
  }
  ASSIGN_OR_RETURN(const Members members, crdt::object_members(text));
  const bool both = type == SlotType::kPnCounter;
  RETURN_IF_ERROR(check_members(members, "the total of a node",
                                both ? std::vector<std::string_view>{"increment", "decrement"}
                                     : std::vector<std::string_view>{"increment"}));
  ASSIGN_OR_RETURN(total.added, optional_number(members, "increment"));
  ASSIGN_OR_RETURN(total.taken, optional_number(members, "decrement"));
  return total;
}

base::Status add_totals(Delta& delta, const crdt::Path& path, SlotType type,
                        const std::string& counts) {
  ASSIGN_OR_RETURN(const Members nodes, object_of("\"counts\"", counts));
  crdt::Totals totals;
  for (const auto& [node, text] : nodes) {
    ASSIGN_OR_RETURN(crdt::Totals::Node total, total_of(node, text, type));
    totals.nodes.push_back(std::move(total));
  }
  if (totals.nodes.empty()) return {};
  return add(delta, op_at(path, Verb::kTotals, type, std::move(totals)));
}

base::Status add_counter(Delta& delta, const crdt::Path& path, SlotType type,
                         const Members& members) {
  const bool both = type == SlotType::kPnCounter;
  RETURN_IF_ERROR(
      check_members(members, "the delta of a counter",
                    both ? std::vector<std::string_view>{"increment", "decrement", "counts"}
                         : std::vector<std::string_view>{"increment", "counts"}));
  if (members.empty()) return base::invalid("the delta of a counter is empty");
  for (const auto& [key, verb] :
       {std::pair{"increment", Verb::kIncrement}, std::pair{"decrement", Verb::kDecrement}}) {
    if (!find_member(members, key)) continue;
    ASSIGN_OR_RETURN(const std::uint64_t by, number_member(members, key, UINT64_MAX));
    RETURN_IF_ERROR(add(delta, op_at(path, verb, type, crdt::Amount{by})));
  }
  const std::string* counts = find_member(members, "counts");
  return counts ? add_totals(delta, path, type, *counts) : base::Status();
}

// --- registers: {"value":…}

base::Status add_register(Delta& delta, const crdt::Path& path, SlotType type,
                          const Members& members) {
  RETURN_IF_ERROR(check_members(members, "the delta of a register", {"value"}));
  ASSIGN_OR_RETURN(std::string value, value_member(members));
  Op op = op_at(path, Verb::kSet, type, std::move(value));
  op.stamp = delta.stamp;
  return add(delta, std::move(op));
}

// --- sets: {"adds":[…],"removes":[…]}

// An element is any value; {"e":…,"tag":…} names the tag of its add.
base::Status add_element(Delta& delta, const crdt::Path& path, Verb verb, std::string element) {
  Op op = op_at(path, verb, SlotType::kOrSet, std::string());
  if (element.front() == '{') {
    ASSIGN_OR_RETURN(Members members, crdt::object_members(element));
    const bool tagged = members.size() == 2 && find_member(members, "e") != nullptr &&
                        find_member(members, "tag") != nullptr;
    if (tagged) {
      ASSIGN_OR_RETURN(std::string tag, string_member(members, "tag"));
      op.tags.push_back(std::move(tag));
      element = *find_member(members, "e");
    }
  }
  if (element.size() > crdt::kValueBytesMax) {
    return base::Error{base::Code::kTooLarge, "an element is larger than 1 MiB"};
  }
  op.argument = std::move(element);
  return add(delta, std::move(op));
}

base::Status add_set(Delta& delta, const crdt::Path& path, const Members& members) {
  RETURN_IF_ERROR(check_members(members, "the delta of an orset", {"adds", "removes"}));
  if (members.empty()) return base::invalid("the delta of an orset is empty");
  for (const auto& [key, verb] :
       {std::pair{"removes", Verb::kRemove}, std::pair{"adds", Verb::kAdd}}) {
    const std::string* list = find_member(members, key);
    if (!list) continue;
    ASSIGN_OR_RETURN(std::vector<std::string> elements,
                     array_of("\"" + std::string(key) + "\"", *list));
    for (std::string& element : elements) {
      RETURN_IF_ERROR(add_element(delta, path, verb, std::move(element)));
    }
  }
  return {};
}

// --- texts: {"ops":[{"insert":{…}},{"delete":{…}}]}

base::Status add_insert(Delta& delta, const crdt::Path& path, const Members& members) {
  RETURN_IF_ERROR(check_members(members, "\"insert\"", {"after", "at", "text"}));
  crdt::TextInsert insert;
  ASSIGN_OR_RETURN(insert.text, string_member(members, "text"));
  const std::string* after = find_member(members, "after");
  if ((after != nullptr) == (find_member(members, "at") != nullptr)) {
    return base::invalid("\"insert\" needs \"at\" or \"after\", and not both");
  }
  if (!after) {
    ASSIGN_OR_RETURN(const std::uint64_t at, number_member(members, "at", UINT32_MAX));
    insert.at = static_cast<std::uint32_t>(at);
  } else if (*after != "null") {  // null: at the start
    ASSIGN_OR_RETURN(const std::string id, string_member(members, "after"));
    ASSIGN_OR_RETURN(insert.after, cursor_element("\"after\"", id));
  }
  return add(delta, op_at(path, Verb::kInsert, SlotType::kSeq, std::move(insert)));
}

base::Result<crdt::DotRuns> elements_of(const std::string& list) {
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, array_of("\"ids\"", list));
  std::vector<crdt::Dot> dots;
  for (const std::string& id : ids) {
    const auto dot =
        id.front() == '"' ? crdt::Dot::from_text(crdt::json_unquote(id)) : std::nullopt;
    if (!dot) {
      return base::invalid("\"ids\" must hold ids of elements, such as \"<actor>:<seq>:<index>\"");
    }
    dots.push_back(*dot);
  }
  if (dots.empty()) return base::invalid("\"ids\" is empty");
  return crdt::runs_of(std::move(dots));
}

base::Status add_delete(Delta& delta, const crdt::Path& path, const Members& members) {
  crdt::TextErase erase;
  if (const std::string* ids = find_member(members, "ids")) {
    RETURN_IF_ERROR(check_members(members, "\"delete\" with ids", {"ids"}));
    ASSIGN_OR_RETURN(erase.elements, elements_of(*ids));
  } else {
    RETURN_IF_ERROR(check_members(members, "\"delete\"", {"at", "len"}));
    ASSIGN_OR_RETURN(const std::uint64_t at, number_member(members, "at", UINT32_MAX));
    ASSIGN_OR_RETURN(const std::uint64_t length, number_member(members, "len", UINT32_MAX));
    erase.at = static_cast<std::uint32_t>(at);
    erase.length = static_cast<std::uint32_t>(length);
  }
  return add(delta, op_at(path, Verb::kErase, SlotType::kSeq, std::move(erase)));
}

base::Status add_text(Delta& delta, const crdt::Path& path, const Members& members) {
  RETURN_IF_ERROR(check_members(members, "the delta of a sequence", {"ops"}));
  ASSIGN_OR_RETURN(const std::vector<std::string> ops, ops_of(members));
  for (const std::string& text : ops) {
    ASSIGN_OR_RETURN(const Members op, object_of("an element of \"ops\"", text));
    const bool one = op.size() == 1 && (op[0].first == "insert" || op[0].first == "delete");
    if (!one) {
      return base::invalid("an element of \"ops\" must be {\"insert\":…} or {\"delete\":…}");
    }
    ASSIGN_OR_RETURN(const Members inside, object_of("\"" + op[0].first + "\"", op[0].second));
    RETURN_IF_ERROR(op[0].first == "insert" ? add_insert(delta, path, inside)
                                            : add_delete(delta, path, inside));
  }
  return {};
}

// --- maps: {"set":{path: value},"remove":[path],"update":{path:{"type","delta"}}}

base::Status add_delta(Delta& delta, const crdt::Path& path, const std::string& type,
                       const std::string& text, int depth);

// A path is one key. With "/" in front it is a JSON pointer (RFC 6901): keys joined by "/", in
// which "~1" means "/" and "~0" means "~".
base::Result<crdt::Path> path_of(const crdt::Path& base, std::string_view text) {
  crdt::Path path = base;
  if (!text.starts_with('/')) {
    path.emplace_back(text);
    return path;
  }
  std::string key;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '/') {
      path.push_back(std::exchange(key, {}));
    } else if (text[i] != '~') {
      key += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1')) {
      key += text[++i] == '0' ? '~' : '/';
    } else {
      return base::invalid("the path " + std::string(text.substr(0, 80)) +
                           " has a \"~\" that is neither \"~0\" nor \"~1\"");
    }
  }
  path.push_back(std::move(key));
  return path;
}

base::Status remove_keys(Delta& delta, const crdt::Path& base, const std::string& list) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, array_of("\"remove\"", list));
  for (const std::string& text : paths) {
    if (text.front() != '"') return base::invalid("\"remove\" must hold paths, which are strings");
    ASSIGN_OR_RETURN(const crdt::Path path, path_of(base, crdt::json_unquote(text)));
    Op op;
    op.path = path;
    op.verb = Verb::kUnset;
    RETURN_IF_ERROR(add(delta, std::move(op)));
  }
  return {};
}

base::Status set_keys(Delta& delta, const crdt::Path& base, const std::string& text) {
  ASSIGN_OR_RETURN(const Members values, object_of("\"set\"", text));
  for (const auto& [key, value] : values) {
    ASSIGN_OR_RETURN(const crdt::Path path, path_of(base, key));
    if (is_catalog(delta.write.object)) {
      Op op;
      op.path = path;
      op.argument = value;
      op.stamp = delta.stamp;
      RETURN_IF_ERROR(add(delta, std::move(op)));
      continue;
    }
    RETURN_IF_ERROR(add_register(delta, path, SlotType::kLwwRegister, {{"value", value}}));
  }
  return {};
}

base::Status add_map(Delta& delta, const crdt::Path& base, const Members& members, int depth) {
  RETURN_IF_ERROR(check_members(members, "the delta of a crdt_map", {"set", "remove", "update"}));
  if (members.empty()) return base::invalid("the delta of a crdt_map is empty");
  if (const std::string* list = find_member(members, "remove")) {
    RETURN_IF_ERROR(remove_keys(delta, base, *list));
  }
  if (const std::string* values = find_member(members, "set")) {
    RETURN_IF_ERROR(set_keys(delta, base, *values));
  }
  const std::string* updates = find_member(members, "update");
  if (!updates) return {};
  ASSIGN_OR_RETURN(const Members deltas, object_of("\"update\"", *updates));
  for (const auto& [key, text] : deltas) {
    ASSIGN_OR_RETURN(const crdt::Path path, path_of(base, key));
    ASSIGN_OR_RETURN(const Members inside, object_of("an element of \"update\"", text));
    RETURN_IF_ERROR(check_members(inside, "an element of \"update\"", {"type", "delta"}));
    ASSIGN_OR_RETURN(const std::string type, string_member(inside, "type"));
    const std::string* more = find_member(inside, "delta");
    if (!more) return base::invalid("\"delta\" is missing in an element of \"update\"");
    RETURN_IF_ERROR(add_delta(delta, path, type, *more, depth + 1));
  }
  return {};
}

// --- all types

base::Status add_delta(Delta& delta, const crdt::Path& path, const std::string& name,
                       const std::string& text, int depth) {
  const auto type = crdt::type_from_name(name);
  if (!type || *type == SlotType::kReset) {
    return base::Error{base::Code::kUnprocessable,
                       "the type " + name.substr(0, 80) + " is not known"};
  }
  // The JSON of a body nests at most crdt::kValueDepthMax containers, so this ends.
  CHECK(depth <= crdt::kValueDepthMax);
  ASSIGN_OR_RETURN(const Members members, object_of("the delta", text));
  switch (*type) {
    case SlotType::kGCounter:
    case SlotType::kPnCounter:
      return add_counter(delta, path, *type, members);
    case SlotType::kLwwRegister:
    case SlotType::kMvRegister:
      return add_register(delta, path, *type, members);
    case SlotType::kOrSet:
      return add_set(delta, path, members);
    case SlotType::kMap:
      return add_map(delta, path, members, depth);
    case SlotType::kSeq:
      return add_text(delta, path, members);
    case SlotType::kSubtree:
    case SlotType::kReset:
      break;
  }
  return base::Error{base::Code::kUnprocessable, "the type " + name + " is not known"};
}

base::Result<std::optional<crdt::Stamp>> stamp_of(const Members& body) {
  if (!find_member(body, "timestamp")) return std::optional<crdt::Stamp>();
  crdt::Stamp stamp;
  ASSIGN_OR_RETURN(const std::string time, string_member(body, "timestamp"));
  ASSIGN_OR_RETURN(stamp.time.nanos, nanos_of_time(time));
  if (find_member(body, "source_node")) {
    ASSIGN_OR_RETURN(stamp.writer, string_member(body, "source_node"));
  }
  return std::optional<crdt::Stamp>(std::move(stamp));
}

}  // namespace

base::Result<WriteObject> parse_sync(std::string_view body) {
  ASSIGN_OR_RETURN(const Members members, body_object(body));
  RETURN_IF_ERROR(check_members(members, "the body",
                                {"type", "object_id", "delta", "timestamp", "source_node"}));
  ASSIGN_OR_RETURN(const std::string type, string_member(members, "type"));
  WriteObject write;
  ASSIGN_OR_RETURN(write.object, string_member(members, "object_id"));
  RETURN_IF_ERROR(check_id("object_id", write.object));
  RETURN_IF_ERROR(check_writable(write.object));
  if (find_member(members, "source_node")) {
    ASSIGN_OR_RETURN(const std::string node, string_member(members, "source_node"));
    RETURN_IF_ERROR(check_id("source_node", node));
  }
  Delta delta{write, {}};
  ASSIGN_OR_RETURN(delta.stamp, stamp_of(members));
  const std::string* text = find_member(members, "delta");
  if (!text) return base::invalid("\"delta\" is missing");
  RETURN_IF_ERROR(add_delta(delta, {}, type, *text, 1));
  return write;
}

}  // namespace agent
