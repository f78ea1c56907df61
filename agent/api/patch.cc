#include "agent/api/patch.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "agent/api/body.h"
#include "agent/api/limits.h"

namespace agent {
namespace {

// The effect on one entry of the ops read so far.
struct Draft {
  EntryWrite::Whole whole = EntryWrite::Whole::kKeep;
  std::map<std::string, std::string> fields;
  std::set<std::string> unset;
};

base::Error unprocessable(std::string message) {
  return {base::Code::kUnprocessable, std::move(message)};
}

class Folding {
 public:
  explicit Folding(const Place& place) : place_(place) {}

  base::Status add(const std::string& op_text) {
    if (op_text.front() != '{') return base::invalid("an op must be a JSON object");
    ASSIGN_OR_RETURN(crdt::Members op, crdt::object_members(op_text));
    ASSIGN_OR_RETURN(std::string name, string_member(op, "op"));
    RETURN_IF_ERROR(check_name(name));
    ASSIGN_OR_RETURN(Place at, place_of_op(op));
    RETURN_IF_ERROR(check_writable(at));
    if (at.path.empty()) {
      return unprocessable("op " + name + " names no entry: give it a \"path\"");
    }
    if (name == "unset") {
      unset(at);
      return {};
    }
    const std::string* value = find_member(op, "value");
    if (!value) return base::invalid("op set has no \"value\"");
    return set(at, *value);
  }

  WriteEntries take() {
    WriteEntries write;
    write.object = place_.object;
    for (const std::string& id : order_) {
      Draft& draft = drafts_[id];
      EntryWrite entry;
      entry.id = id;
      entry.whole = draft.whole;
      entry.fields.assign(std::make_move_iterator(draft.fields.begin()),
                          std::make_move_iterator(draft.fields.end()));
      entry.unset.assign(draft.unset.begin(), draft.unset.end());
      write.entries.push_back(std::move(entry));
    }
    return write;
  }

 private:
  static base::Status check_name(const std::string& name) {
    static constexpr std::string_view kOtherTypes[] = {"increment", "decrement", "add",
                                                       "remove",    "insert",    "erase"};
    if (name == "set" || name == "unset") return {};
    for (std::string_view other : kOtherTypes) {
      if (name == other) {
        return unprocessable("op " + name +
                             " does not fit a crdt_map or a register: use set or unset");
      }
    }
    return base::invalid("op " + name + " is not known");
  }

  base::Result<Place> place_of_op(const crdt::Members& op) const {
    Place at = place_;
    ASSIGN_OR_RETURN(const std::vector<std::string> path, path_of_op(op));
    at.path.insert(at.path.end(), path.begin(), path.end());
    if (!at.path.empty()) RETURN_IF_ERROR(check_id("the entry's id", at.path[0]));
    if (at.path.size() > 1) RETURN_IF_ERROR(check_field(at.path[1]));
    return at;
  }

  Draft& draft_of(const std::string& id) {
    auto [found, fresh] = drafts_.try_emplace(id);
    if (fresh) order_.push_back(id);
    return found->second;
  }

  void unset(const Place& at) {
    Draft& draft = draft_of(at.path[0]);
    if (at.path.size() == 1) {
      draft = Draft{EntryWrite::Whole::kRemove, {}, {}};
      return;
    }
    draft.fields.erase(at.path[1]);
    if (draft.whole == EntryWrite::Whole::kKeep) draft.unset.insert(at.path[1]);
  }

  base::Status set(const Place& at, const std::string& value) {
    if (value.size() > crdt::kValueBytesMax) {
      return base::Error{base::Code::kTooLarge, "the value of an op is larger than 1 MiB"};
    }
    if (at.path.size() == 1) {
      ASSIGN_OR_RETURN(crdt::Members members, metadata_of(value));
      Draft& draft = draft_of(at.path[0]);
      draft = Draft{EntryWrite::Whole::kAdd, {}, {}};
      for (auto& member : members) draft.fields.insert(std::move(member));
      return {};
    }
    Draft& draft = draft_of(at.path[0]);
    draft.fields[at.path[1]] = value;
    draft.unset.erase(at.path[1]);
    return {};
  }

  const Place& place_;
  std::map<std::string, Draft> drafts_;
  std::vector<std::string> order_;  // ids in the order in which they are first named
};

}  // namespace

base::Result<WriteEntries> parse_patch(const Place& place, std::string_view body) {
  RETURN_IF_ERROR(check_writable(place));
  ASSIGN_OR_RETURN(crdt::Members members, body_object(body));
  if (find_member(members, "type")) {
    ASSIGN_OR_RETURN(std::string type, string_member(members, "type"));
    RETURN_IF_ERROR(check_type(place, type));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> elements, ops_of(members));
  Folding folding(place);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (auto added = folding.add(elements[i]); !added.ok()) {
      return base::Error{added.error().code,
                         "op " + std::to_string(i) + ": " + added.error().message};
    }
  }
  return folding.take();
}

}  // namespace agent
