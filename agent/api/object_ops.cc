#include "agent/api/object_ops.h"

#include <utility>

#include "agent/api/body.h"
#include "agent/api/limits.h"
#include "agent/api/text_cursors.h"
#include "crdt/catalog/entry_write.h"

namespace agent {
namespace {

using crdt::Members;
using crdt::Op;
using crdt::Verb;

base::Result<crdt::SlotType> type_named(const std::string& name) {
  const auto type = crdt::type_from_name(name);
  const bool internal = type == crdt::SlotType::kReset;
  if (type && !internal) return *type;
  return base::Error{base::Code::kUnprocessable,
                     "type " + name +
                         " is not known; the types are gcounter, pncounter, lww_register, "
                         "mv_register, orset, crdt_map and seq"};
}

// "unit" of an insert or an erase, which may be absent.
base::Result<crdt::TextUnit> unit_member(const Members& op) {
  if (!find_member(op, "unit")) return crdt::TextUnit::kCodePoint;
  ASSIGN_OR_RETURN(const std::string name, string_member(op, "unit"));
  return text_unit(name);
}

// A whole number of 64 bits with a sign.
base::Result<std::int64_t> nanos_of(const std::string& text) {
  const auto decimal = crdt::Decimal::parse(text);
  const std::string digits = decimal ? decimal->text() : std::string();
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (read.ec == std::errc() && read.ptr == end) return value;
  return base::invalid(
      "the time of a \"stamp\" must be a whole number of nanoseconds since 1970, and is " +
      text.substr(0, 40));
}

// "stamp": a number of nanoseconds, or {"ts", "c"?, "writer"?}.
base::Result<std::optional<crdt::Stamp>> stamp_member(const Members& op) {
  const std::string* text = find_member(op, "stamp");
  if (!text) return std::optional<crdt::Stamp>();
  crdt::Stamp stamp;
  if (text->front() != '{') {
    ASSIGN_OR_RETURN(stamp.time.nanos, nanos_of(*text));
    return std::optional(std::move(stamp));
  }
  ASSIGN_OR_RETURN(const Members members, crdt::object_members(*text));
  RETURN_IF_ERROR(check_members(members, "a stamp", {"ts", "c", "writer"}));
  const std::string* time = find_member(members, "ts");
  if (!time) return base::invalid("a \"stamp\" needs \"ts\", its time in nanoseconds since 1970");
  ASSIGN_OR_RETURN(stamp.time.nanos, nanos_of(*time));
  if (find_member(members, "c")) {
    ASSIGN_OR_RETURN(const std::uint64_t counter, number_member(members, "c", UINT32_MAX));
    stamp.time.counter = static_cast<std::uint32_t>(counter);
  }
  if (find_member(members, "writer")) {
    ASSIGN_OR_RETURN(stamp.writer, string_member(members, "writer"));
  }
  return std::optional(std::move(stamp));
}

// "~N.k", the name of element k of the insert that is op N of the same request; nullopt for a text
// that does not begin with "~".
base::Result<std::optional<crdt::TemporaryId>> temporary_id(std::string_view text) {
  if (!text.starts_with('~')) return std::optional<crdt::TemporaryId>();
  crdt::TemporaryId id;
  const char* end = text.data() + text.size();
  const auto op = std::from_chars(text.data() + 1, end, id.op);
  if (op.ec == std::errc() && op.ptr != end && *op.ptr == '.') {
    const auto element = std::from_chars(op.ptr + 1, end, id.element);
    if (element.ec == std::errc() && element.ptr == end) return std::optional(id);
  }
  return base::invalid(
      "a temporary id is ~N.k (element k of the insert that is op N), and this is " +
      std::string(text.substr(0, 40)));
}

base::Result<crdt::TextInsert> insert_of(const Members& op) {
  crdt::TextInsert insert;
  ASSIGN_OR_RETURN(insert.text, string_member(op, "text"));
  const bool at = find_member(op, "at") != nullptr;
  const bool after = find_member(op, "after") != nullptr;
  if (at == after) return base::invalid("insert needs \"at\" or \"after\", and not both");
  ASSIGN_OR_RETURN(insert.unit, unit_member(op));
  if (after) {
    ASSIGN_OR_RETURN(const std::string cursor, string_member(op, "after"));
    ASSIGN_OR_RETURN(insert.behind_new, temporary_id(cursor));
    if (insert.behind_new) return insert;
    ASSIGN_OR_RETURN(insert.after, cursor_element("\"after\"", cursor));
  } else {
    ASSIGN_OR_RETURN(const std::uint64_t position, number_member(op, "at", UINT32_MAX));
    insert.at = static_cast<std::uint32_t>(position);
  }
  return insert;
}

// "ids" of an erase: elements of the text, and those that earlier ops of the request insert.
base::Result<crdt::TextErase> erase_ids(const std::string& text) {
  if (text.front() != '[') return base::invalid("\"ids\" must be an array of strings");
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, crdt::array_elements(text));
  if (ids.empty()) return base::invalid("\"ids\" is empty");
  crdt::TextErase erase;
  std::vector<crdt::Dot> dots;
  for (const std::string& id : ids) {
    if (id.front() != '"') return base::invalid("\"ids\" must be an array of strings");
    const std::string name = crdt::json_unquote(id);
    ASSIGN_OR_RETURN(const auto temporary, temporary_id(name));
    const auto dot = temporary ? std::nullopt : crdt::Dot::from_text(name);
    if (temporary) {
      erase.new_elements.push_back(*temporary);
    } else if (dot) {
      dots.push_back(*dot);
    } else {
      return base::invalid("an id in \"ids\" must be <actor>:<seq>:<index> or ~N.k, and is " +
                           name.substr(0, 80));
    }
  }
  erase.elements = crdt::runs_of(std::move(dots));
  return erase;
}

base::Result<crdt::TextErase> erase_of(const Members& op) {
  if (const std::string* ids = find_member(op, "ids")) {
    if (!find_member(op, "at") && !find_member(op, "len") && !find_member(op, "unit")) {
      return erase_ids(*ids);
    }
    return base::invalid("erase needs \"at\" and \"len\", or \"ids\", and not both");
  }
  ASSIGN_OR_RETURN(const std::uint64_t at, number_member(op, "at", UINT32_MAX));
  ASSIGN_OR_RETURN(const std::uint64_t length, number_member(op, "len", UINT32_MAX));
  ASSIGN_OR_RETURN(const crdt::TextUnit unit, unit_member(op));
  return crdt::TextErase{
      static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length), unit, {}, {}};
}

base::Status read_argument(const Members& members, const std::string& name, Op& op) {
  if (name == "set" || name == "add" || name == "remove") {
    op.verb = name == "set" ? Verb::kSet : name == "add" ? Verb::kAdd : Verb::kRemove;
    ASSIGN_OR_RETURN(op.argument, value_member(members));
    return {};
  }
  if (name == "increment" || name == "decrement") {
    op.verb = name == "increment" ? Verb::kIncrement : Verb::kDecrement;
    ASSIGN_OR_RETURN(const std::uint64_t by, number_member(members, "by", UINT64_MAX));
    op.argument = crdt::Amount{by};
    return {};
  }
  if (name == "insert") {
    op.verb = Verb::kInsert;
    ASSIGN_OR_RETURN(op.argument, insert_of(members));
    return {};
  }
  if (name == "erase") {
    op.verb = Verb::kErase;
    ASSIGN_OR_RETURN(op.argument, erase_of(members));
    return {};
  }
  if (name == "unset") {
    op.verb = Verb::kUnset;
    return {};
  }
  return base::invalid("op " + name +
                       " is not known; the ops are set, unset, increment, decrement, add, remove, "
                       "insert and erase");
}

// The fields that an op of this name takes, beside those of every op.
std::vector<std::string_view> fields_of_op(const std::string& name) {
  std::vector<std::string_view> known{"op", "path", "type"};
  if (name == "set" || name == "add" || name == "remove") {
    known.insert(known.end(), {"value", "stamp"});
  }
  if (name == "increment" || name == "decrement") known.insert(known.end(), {"by"});
  if (name == "insert") known.insert(known.end(), {"at", "after", "text", "unit"});
  if (name == "erase") known.insert(known.end(), {"at", "len", "unit", "ids"});
  return known;
}

// The type that the body names for the place of the request.
base::Result<crdt::SlotType> type_of_body(const Place& place, const Members& body) {
  ASSIGN_OR_RETURN(const std::string name, string_member(body, "type"));
  ASSIGN_OR_RETURN(const crdt::SlotType type, type_named(name));
  if (is_catalog(place.object)) RETURN_IF_ERROR(crdt::check_catalog_type(place.path, type));
  return type;
}

base::Result<Op> op_of(const Place& place, const std::string& text,
                       const std::optional<crdt::SlotType>& type) {
  if (text.front() != '{') return base::invalid("an op must be a JSON object");
  ASSIGN_OR_RETURN(const Members members, crdt::object_members(text));
  ASSIGN_OR_RETURN(const std::string name, string_member(members, "op"));
  Op op;
  op.path = place.path;
  ASSIGN_OR_RETURN(const std::vector<std::string> more, path_of_op(members));
  op.path.insert(op.path.end(), more.begin(), more.end());
  if (find_member(members, "type")) {
    ASSIGN_OR_RETURN(const std::string type_name, string_member(members, "type"));
    ASSIGN_OR_RETURN(op.type, type_named(type_name));
  } else if (more.empty()) {
    op.type = type;  // of the place of the request
  }
  RETURN_IF_ERROR(read_argument(members, name, op));
  ASSIGN_OR_RETURN(op.stamp, stamp_member(members));
  RETURN_IF_ERROR(check_members(members, "the op " + name, fields_of_op(name)));
  if (op.verb == Verb::kUnset) op.type.reset();
  RETURN_IF_ERROR(fit_catalog(place.object, op));
  return op;
}

// Removes every entry that this agent has seen, and adds those of the value.
base::Result<WriteObject> replacement_of_catalog(const Place& place, const std::string& value) {
  if (value.front() != '{') {
    return base::invalid("the value of a crdt_map must be a JSON object of entries");
  }
  ASSIGN_OR_RETURN(Members entries, crdt::object_members(value));
  WriteObject write = removal_of(place);
  for (auto& [id, metadata] : entries) {
    Op add{{id}, Verb::kSet, std::move(metadata), {}, {}};
    RETURN_IF_ERROR(fit_catalog(place.object, add));
    write.ops.push_back(std::move(add));
  }
  return write;
}

}  // namespace

base::Status fit_catalog(const std::string& object, Op& op) {
  if (!is_catalog(object)) return {};
  if (op.path.empty()) {
    return base::Error{base::Code::kUnprocessable, std::string(crdt::verb_name(op.verb)) +
                                                       " names no entry: give it a \"path\""};
  }
  RETURN_IF_ERROR(check_entry_path(op.path));
  if (op.path.size() != 1 || op.verb != Verb::kSet) return {};
  ASSIGN_OR_RETURN(op.argument, metadata_of(std::get<std::string>(op.argument)));
  return {};
}

base::Result<WriteObject> parse_ops(const Place& place, std::string_view body) {
  ASSIGN_OR_RETURN(const Members members, body_object(body));
  RETURN_IF_ERROR(check_members(members, "the body", {"type", "ops"}));
  std::optional<crdt::SlotType> type;
  if (find_member(members, "type")) {
    ASSIGN_OR_RETURN(type, type_of_body(place, members));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> elements, ops_of(members));
  WriteObject write{place.object, {}};
  for (std::size_t i = 0; i < elements.size(); ++i) {
    auto op = op_of(place, elements[i], type);
    if (!op.ok()) {
      return base::Error{op.error().code, "op " + std::to_string(i) + ": " + op.error().message};
    }
    write.ops.push_back(std::move(*op));
  }
  return write;
}

base::Result<WriteObject> parse_replacement(const Place& place, std::string_view body) {
  ASSIGN_OR_RETURN(const Members members, body_object(body));
  RETURN_IF_ERROR(check_members(members, "the body", {"type", "value"}));
  Op op;
  op.path = place.path;
  op.verb = is_catalog(place.object) ? Verb::kSet : Verb::kReplace;
  ASSIGN_OR_RETURN(op.type, type_of_body(place, members));
  ASSIGN_OR_RETURN(std::string value, value_member(members));
  if (is_catalog(place.object) && place.path.empty()) return replacement_of_catalog(place, value);
  op.argument = std::move(value);
  RETURN_IF_ERROR(fit_catalog(place.object, op));
  return WriteObject{place.object, {std::move(op)}};
}

WriteObject removal_of(const Place& place) {
  Op op;
  op.path = place.path;
  op.verb = Verb::kUnset;
  return {place.object, {std::move(op)}};
}

}  // namespace agent
