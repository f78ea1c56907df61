// The whole value of a place in one operation (map.h). First everything goes that the new value
// does not keep, then the value is written.

#include <map>
#include <set>
#include <utility>

#include "crdt/types/counter.h"
#include "crdt/types/map.h"
#include "crdt/types/or_set.h"
#include "crdt/types/register.h"
#include "crdt/types/text.h"

namespace crdt {
namespace {

base::Error needs(SlotType type, std::string_view what) {
  return base::invalid("the value of " + with_article(type) + " is " + std::string(what));
}

base::Status replace_counter(Draft& draft, const Path& path, SlotType type,
                             std::string_view value) {
  std::vector<Effect> counted;
  Draft only{draft.view, draft.author, counted, draft.stamp, {}, false, false};
  RETURN_IF_ERROR(reset_counter(only, path, type, value));
  const Slot slot = draft.slot(path, type);
  RETURN_IF_ERROR(unset_but(draft, path, [&](const Slot& at) { return at == slot; }));
  draft.effects.push_back(std::move(counted.front()));
  return {};
}

base::Status replace_register(Draft& draft, const Path& path, SlotType type,
                              std::string_view value) {
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(path, type));
  if (!replaced_by(draft, seen, value)) {
    draft.superseded = true;
    return {};
  }
  const Slot slot = draft.slot(path, type);
  RETURN_IF_ERROR(unset_but(draft, path, [&](const Slot& at) { return at == slot; }));
  return set_register(draft, path, type, value);
}

base::Status replace_set(Draft& draft, const Path& path, std::string_view value) {
  if (!value.starts_with('[')) return needs(SlotType::kOrSet, "an array");
  ASSIGN_OR_RETURN(const std::vector<std::string> elements, array_elements(value));
  std::map<Path, std::string> wanted;
  for (const std::string& element : elements) {
    ASSIGN_OR_RETURN(Path at, element_path(draft, path, element));
    wanted.emplace(std::move(at), element);
  }
  const Path marker = set_marker(path);
  RETURN_IF_ERROR(unset_but(draft, path, [&](const Slot& at) {
    return at.type == SlotType::kOrSet && (at.path == marker || wanted.contains(at.path));
  }));
  for (const auto& [at, element] : wanted) {
    ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(at, SlotType::kOrSet));
    if (seen.empty()) RETURN_IF_ERROR(add_element(draft, path, element));
  }
  return mark(draft, path, SlotType::kOrSet);
}

base::Status replace_map(Draft& draft, const Path& path, std::string_view value) {
  if (!value.starts_with('{')) return needs(SlotType::kMap, "an object");
  ASSIGN_OR_RETURN(const Members members, object_members(value));
  std::map<Path, std::string> wanted;
  for (const auto& [key, member] : members) {
    Path at = path;
    at.push_back(key);
    RETURN_IF_ERROR(check_path(draft.view, at, 0));
    wanted.emplace(std::move(at), member);
  }
  RETURN_IF_ERROR(unset_but(draft, path, [&](const Slot& at) {
    if (at.type == SlotType::kMap) return at.path == path;
    return at.type == SlotType::kLwwRegister && wanted.contains(at.path);
  }));
  for (const auto& [at, member] : wanted) {
    RETURN_IF_ERROR(set_register(draft, at, SlotType::kLwwRegister, member));
  }
  return mark(draft, path, SlotType::kMap);
}

base::Status replace_text(Draft& draft, const Path& path, std::string_view value) {
  if (!value.starts_with('"')) return needs(SlotType::kSeq, "a string");
  const Slot slot = draft.slot(path, SlotType::kSeq);
  RETURN_IF_ERROR(unset_but(draft, path, [&](const Slot& at) { return at == slot; }));
  RETURN_IF_ERROR(insert_text(draft, path, {0, std::nullopt, json_unquote(value)}));
  return mark(draft, path, SlotType::kSeq);
}

}  // namespace

base::Status replace(Draft& draft, const Path& path, SlotType type, std::string_view value) {
  switch (type) {
    case SlotType::kGCounter:
    case SlotType::kPnCounter:
      return replace_counter(draft, path, type, value);
    case SlotType::kOrSet:
      return replace_set(draft, path, value);
    case SlotType::kMap:
      return replace_map(draft, path, value);
    case SlotType::kSeq:
      return replace_text(draft, path, value);
    default:
      return replace_register(draft, path, type, value);
  }
}

}  // namespace crdt
