#include "agent/api/object_read.h"

#include <algorithm>
#include <utility>

#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/replica/store_view.h"
#include "crdt/types/shown.h"

namespace agent {
namespace {

// The actors of the live cells at or below the path. Of a text: all who ever inserted.
base::Result<DotVector> vector_of(store::Reader& reader, StoreView& view, const Place& place) {
  DotVector vector;
  std::vector<crdt::Slot> texts;
  RETURN_IF_ERROR(view.below(place.path, [&](const crdt::Slot& slot, const crdt::Cells& cells) {
    collect(cells, vector);
    if (slot.type == crdt::SlotType::kSeq) texts.push_back(slot);
    return true;
  }));
  for (const crdt::Slot& text : texts) {
    ASSIGN_OR_RETURN(const auto authors, reader.cells().texts().authors(text));
    for (const auto& [actor, seq] : authors) {
      std::uint64_t& highest = vector[actor];
      highest = std::max(highest, seq);
    }
  }
  return vector;
}

std::string reason_text(const store::Actors& actors, const crdt::Reason& reason) {
  const bool is_put = reason.cell.kind == crdt::EffectKind::kPut;
  std::string value = cell_value(reason.cell);
  if (!is_put && !reason.cell.body.empty()) value = crdt::json_quote(reason.cell.body);
  return JsonObject()
      .text("dot", reason.cell.dot.text())
      .text("stamp", stamp_text(reason.cell.stamp.time))
      .text("writer", writer_of(actors, reason.cell))
      .raw("value", value)
      .boolean("live", true)
      .text("rule", reason.rule)
      .raw("path", json_strings(reason.slot.path))
      .text("type", crdt::type_name(reason.slot.type))
      .boolean("shown", reason.shown)
      .take();
}

}  // namespace

base::Result<std::optional<Shown>> read_object(store::Reader& reader, const Place& place,
                                               bool inspect) {
  StoreView view(reader.cells(), place.object);
  ASSIGN_OR_RETURN(auto found, crdt::shown_at(view, place.path, std::nullopt, kAnswerBytesMax));
  if (!found) return std::optional<Shown>();
  Shown shown;
  shown.type = found->type;
  shown.value = std::move(found->value);
  ASSIGN_OR_RETURN(shown.vector, vector_of(reader, view, place));
  if (!inspect) return std::optional(std::move(shown));
  ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
  bool full = false;
  RETURN_IF_ERROR(crdt::reasons_at(view, place.path, [&](const crdt::Reason& reason) {
    shown.dots += shown.dots.empty() ? '[' : ',';
    shown.dots += reason_text(*actors, reason);
    full = shown.dots.size() > kAnswerBytesMax;
    return !full;
  }));
  if (full) {
    return base::Error{base::Code::kTooLarge, "the dots of " + place.object +
                                                  " are larger than 8 MiB: inspect it by path"};
  }
  shown.dots += shown.dots.empty() ? "[]" : "]";
  return std::optional(std::move(shown));
}

}  // namespace agent
