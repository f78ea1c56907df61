#include "crdt/types/or_set.h"

#include <algorithm>
#include <utility>

#include "crdt/content.h"
#include "crdt/types/register.h"

namespace crdt {
namespace {

std::string body_of(std::string_view element, std::string_view tag) {
  std::string body(element);
  if (!tag.empty()) (body += '\0') += tag;
  return body;
}

}  // namespace

std::string tag_name(const Cell& cell) {
  const std::string_view tag = tag_of(cell.body);
  if (!tag.empty()) return std::string(tag);
  return cell.dot.actor.hex() + ":" + std::to_string(cell.dot.seq);
}

Cells with_tags(const Cells& cells, std::span<const std::string> tags) {
  Cells named = cells;
  std::erase_if(named, [&](const Cell& cell) {
    return std::find(tags.begin(), tags.end(), tag_name(cell)) == tags.end();
  });
  return named;
}

Cells below_stamp(const Cells& cells, const Stamp& stamp) {
  Cells lower = cells;
  std::erase_if(lower, [&](const Cell& cell) { return cell.stamp >= stamp; });
  return lower;
}

std::optional<Effect> add_tagged(const Slot& slot, const Cells& seen, const Stamp& stamp,
                                 std::string_view element, const std::string& tag) {
  if (!with_tags(seen, {&tag, 1}).empty()) return std::nullopt;
  Cells replaced;
  if (seen.size() >= kTagsMax) replaced.push_back(best_first(seen).back());
  return put_over(slot, replaced, stamp, body_of(element, tag));
}

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
    return base::Error{base::Code::kTooLarge,
                       "an element for " + in_words("set", draft.view, path) + " has " +
                           std::to_string(at.back().size()) +
                           " bytes in its canonical form; a set" + " takes elements of at most " +
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
  if (draft.tags.empty()) {
    draft.effects.push_back(put_over(slot, seen, stamp_over(draft, seen), element));
    return {};
  }
  if (!with_tags(seen, draft.tags).empty()) return {};
  auto effect = add_tagged(slot, seen, stamp_over(draft, seen), element, draft.tags.front());
  if (effect) draft.effects.push_back(std::move(*effect));
  return {};
}

base::Status remove_element(Draft& draft, const Path& path, std::string_view element) {
  ASSIGN_OR_RETURN(Path at, element_path(draft, path, element));
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(at, SlotType::kOrSet));
  Cells gone = seen;
  if (!draft.tags.empty()) {
    gone = with_tags(seen, draft.tags);
  } else if (draft.stamp) {
    gone = below_stamp(seen, *draft.stamp);
    draft.superseded |= gone.size() < seen.size();
  }
  auto effect = remove_seen(draft.slot(std::move(at), SlotType::kOrSet), gone);
  if (effect) draft.effects.push_back(std::move(*effect));
  return {};
}

}  // namespace crdt
