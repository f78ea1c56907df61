#include "crdt/types/text.h"

#include "crdt/types/text_cursor.h"

namespace crdt {
namespace {

// Where the insert goes. `text` is null when nothing was ever inserted.
base::Result<Anchor> anchor_for(const Draft& draft, const Path& path, const Sequence* text,
                                const TextInsert& edit) {
  if (edit.after) {
    const auto behind = text == nullptr ? std::nullopt : text->anchor_behind(*edit.after);
    if (behind) return *behind;
    return no_element(draft.view, path, *edit.after, text);
  }
  ASSIGN_OR_RETURN(const std::uint32_t at, position_of(draft.view, path, text, edit.at, edit.unit));
  return text == nullptr ? Anchor{} : text->anchor_at(at);
}

base::Result<DotRuns> runs_to_erase(const Draft& draft, const Path& path, const Sequence* text,
                                    const TextErase& edit) {
  const std::uint64_t last = std::uint64_t{edit.at} + edit.length;
  ASSIGN_OR_RETURN(const std::uint32_t end, position_of(draft.view, path, text, last, edit.unit));
  ASSIGN_OR_RETURN(const std::uint32_t at, position_of(draft.view, path, text, edit.at, edit.unit));
  return at < end ? text->dots_of(at, end - at) : DotRuns();
}

base::Status check_count(const Draft& draft, const Path& path, const DotRuns& elements) {
  std::uint64_t left = kErasedByIdMax;
  for (const DotRun& run : elements) {
    // Both are numbers of 32 bits, so the product fits.
    const std::uint64_t count = std::uint64_t{run.count} * run.changes;
    if (count > left) {
      return base::Error{base::Code::kTooLarge,
                         "an erase from " + in_words("text", draft.view, path) + " names over " +
                             std::to_string(kErasedByIdMax) + " elements: send several"};
    }
    left -= count;
  }
  return {};
}

// Those of the elements that are shown. All must be elements of the text.
base::Result<DotRuns> shown_of(const Draft& draft, const Path& path, const Sequence* text,
                               const DotRuns& elements) {
  std::vector<Dot> shown;
  for (const DotRun& run : elements) {
    Dot dot{run.actor, run.seq, run.index};
    for (std::uint64_t i = 0; i < std::uint64_t{run.count} * run.changes; ++i) {
      dot.seq = run.seq + i / run.count;
      dot.index = run.index + static_cast<std::uint32_t>(i % run.count);
      const auto at = text == nullptr ? std::nullopt : text->position_behind(dot);
      if (!at) return no_element(draft.view, path, dot, text);
      if (*at > 0 && text->element_at(*at - 1) == dot) shown.push_back(dot);
    }
  }
  return runs_of(std::move(shown));
}

base::Status erase_elements(Draft& draft, const Path& path, const DotRuns& elements) {
  RETURN_IF_ERROR(check_count(draft, path, elements));
  const auto need = [&](const Sequence& part) {
    static_cast<void>(shown_of(draft, path, &part, elements));
  };
  ASSIGN_OR_RETURN(const Sequence* text, draft.view.text(path, need));
  ASSIGN_OR_RETURN(const DotRuns runs, shown_of(draft, path, text, elements));
  if (runs.empty()) return {};
  push_kills(EffectKind::kErase, draft.slot(path, SlotType::kSeq), runs, draft.effects);
  return {};
}

}  // namespace

base::Status insert_text(Draft& draft, const Path& path, const TextInsert& edit) {
  if (edit.text.size() > kInsertBytesMax) {
    return base::Error{base::Code::kTooLarge,
                       "an insert into " + in_words("text", draft.view, path) + " has " +
                           std::to_string(edit.text.size()) + " bytes; one insert takes at most " +
                           std::to_string(kInsertBytesMax) + " bytes: send several"};
  }
  if (!base::is_utf8(edit.text)) {
    return base::invalid("an insert into " + in_words("text", draft.view, path) +
                         " is not valid UTF-8");
  }
  const auto need = [&](const Sequence& part) {
    static_cast<void>(anchor_for(draft, path, &part, edit));
  };
  ASSIGN_OR_RETURN(const Sequence* text, draft.view.text(path, need));
  ASSIGN_OR_RETURN(const Anchor anchor, anchor_for(draft, path, text, edit));
  if (edit.text.empty()) return {};
  const Stamp stamp = draft.stamp ? *draft.stamp : Stamp{draft.author.time(), {}};
  draft.effects.push_back({EffectKind::kInsert,
                           draft.slot(path, SlotType::kSeq),
                           {},
                           stamp,
                           base::Bytes(edit.text),
                           anchor});
  return {};
}

base::Status erase_text(Draft& draft, const Path& path, const TextErase& edit) {
  if (!edit.elements.empty()) return erase_elements(draft, path, edit.elements);
  const auto need = [&](const Sequence& part) {
    static_cast<void>(runs_to_erase(draft, path, &part, edit));
  };
  ASSIGN_OR_RETURN(const Sequence* text, draft.view.text(path, need));
  ASSIGN_OR_RETURN(const DotRuns runs, runs_to_erase(draft, path, text, edit));
  if (runs.empty()) return {};
  push_kills(EffectKind::kErase, draft.slot(path, SlotType::kSeq), runs, draft.effects);
  return {};
}

base::Result<DotRuns> shown_runs(View& view, const Path& path) {
  ASSIGN_OR_RETURN(const Sequence* text,
                   view.text(path, [](const Sequence& part) { part.need_all(); }));
  if (text == nullptr || text->size() == 0) return DotRuns();
  return text->dots_of(0, text->size());
}

}  // namespace crdt
