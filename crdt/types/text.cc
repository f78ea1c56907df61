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

// The first dot of the run that the text does not have.
Dot first_lacking(const Sequence* text, const DotRun& run) {
  Dot dot{run.actor, run.seq, run.index};
  while (text != nullptr && text->contains(dot)) {
    const bool last = dot.index - run.index + 1 == run.count;
    dot.index = last ? run.index : dot.index + 1;
    if (last) ++dot.seq;
  }
  return dot;
}

// Of elements that are named: those that are still shown.
base::Result<DotRuns> named_to_erase(const Draft& draft, const Path& path, const Sequence* text,
                                     const DotRuns& named) {
  DotRuns shown;
  for (const DotRun& run : named) {
    const auto some = text == nullptr ? std::nullopt : text->shown_of(run);
    if (!some) return no_element(draft.view, path, first_lacking(text, run), text);
    shown.insert(shown.end(), some->begin(), some->end());
  }
  return ordered_runs(std::move(shown));
}

base::Result<DotRuns> runs_to_erase(const Draft& draft, const Path& path, const Sequence* text,
                                    const TextErase& edit) {
  if (!edit.elements.empty()) return named_to_erase(draft, path, text, edit.elements);
  const std::uint64_t last = std::uint64_t{edit.at} + edit.length;
  ASSIGN_OR_RETURN(const std::uint32_t end, position_of(draft.view, path, text, last, edit.unit));
  ASSIGN_OR_RETURN(const std::uint32_t at, position_of(draft.view, path, text, edit.at, edit.unit));
  return at < end ? text->dots_of(at, end - at) : DotRuns();
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
  const auto need = [&](const Sequence& part) {
    for (const DotRun& run : edit.elements) part.need_for_erase(run);
    if (edit.elements.empty()) static_cast<void>(runs_to_erase(draft, path, &part, edit));
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
