#include "crdt/types/or_set.h"

#include <utility>

#include "crdt/content.h"
#include "crdt/types/register.h"

namespace crdt {

Effect add_presence(const Slot& slot, const Cells& seen, const Stamp& stamp) {
  return put_over(slot, seen, stamp, {});
}

std::optional<Effect> remove_seen(const Slot& slot, const Cells& seen) {
  if (seen.empty()) return std::nullopt;
  return Effect{EffectKind::kRemove, slot, dots_of(seen), {}, {}, {}};
}

Path set_marker(const Path& path) {
  Path marker = path;
  marker.emplace_back();
  return marker;
}

base::Result<Path> element_path(const Draft& draft, const Path& path, std::string_view element) {
  Path at = path;
  at.push_back(canonical_json(element));
  if (at.back().size() > kPathComponentMax) {
    return base::Error{base::Code::kTooLarge, "an element for the set " + in_words(draft, path) +
                                                  " has " + std::to_string(at.back().size()) +
                                                  " bytes in its canonical form; a set" +
                                                  " takes elements of at most " +
                                                  std::to_string(kPathComponentMax) + " bytes"};
  }
  return at;
}

std::string element_value(const Cells& cells) {
  const auto best = winner(cells);
  return best ? shown_value(cells[*best]) : std::string();
}

base::Status add_element(Draft& draft, const Path& path, std::string_view element) {
  ASSIGN_OR_RETURN(Path at, element_path(draft, path, element));
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(at, SlotType::kOrSet));
  const Slot slot = draft.slot(std::move(at), SlotType::kOrSet);
  draft.effects.push_back(put_over(slot, seen, stamp_over(draft, seen), element));
  return {};
}

base::Status remove_element(Draft& draft, const Path& path, std::string_view element) {
  ASSIGN_OR_RETURN(Path at, element_path(draft, path, element));
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(at, SlotType::kOrSet));
  auto effect = remove_seen(draft.slot(std::move(at), SlotType::kOrSet), seen);
  if (effect) draft.effects.push_back(std::move(*effect));
  return {};
}

}  // namespace crdt
