#include "crdt/types/text.h"

namespace crdt {
namespace {

std::string points(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " code point" : " code points");
}

base::Error behind_the_end(const Draft& draft, const Path& path, std::uint64_t position,
                           std::uint32_t size) {
  return {base::Code::kUnprocessable, "position " + std::to_string(position) +
                                          " is behind the end of the text " +
                                          in_words(draft, path) + ", which has " + points(size)};
}

// Where the insert goes. `text` is null when nothing was ever inserted.
base::Result<Anchor> anchor_for(const Draft& draft, const Path& path, const Sequence* text,
                                const TextInsert& edit) {
  const std::uint32_t size = text == nullptr ? 0 : text->size();
  if (edit.after) {
    const auto behind = text == nullptr ? std::nullopt : text->anchor_behind(*edit.after);
    if (behind) return *behind;
    return base::Error{base::Code::kUnprocessable, "the text " + in_words(draft, path) +
                                                       " has no element " + edit.after->text() +
                                                       "; its size is " + points(size)};
  }
  if (edit.at > size) return behind_the_end(draft, path, edit.at, size);
  return text == nullptr ? Anchor{} : text->anchor_at(edit.at);
}

}  // namespace

base::Status insert_text(Draft& draft, const Path& path, const TextInsert& edit) {
  if (edit.text.size() > kInsertBytesMax) {
    return base::Error{base::Code::kTooLarge,
                       "an insert into the text " + in_words(draft, path) + " has " +
                           std::to_string(edit.text.size()) + " bytes; one insert takes at most " +
                           std::to_string(kInsertBytesMax) + " bytes: send several"};
  }
  if (!base::is_utf8(edit.text)) {
    return base::invalid("an insert into the text " + in_words(draft, path) +
                         " is not valid UTF-8");
  }
  ASSIGN_OR_RETURN(const Sequence* text, draft.view.text(path));
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
  ASSIGN_OR_RETURN(const Sequence* text, draft.view.text(path));
  const std::uint32_t size = text == nullptr ? 0 : text->size();
  const std::uint64_t end = std::uint64_t{edit.at} + edit.length;
  if (end > size) return behind_the_end(draft, path, end, size);
  if (edit.length == 0) return {};
  push_kills(EffectKind::kErase, draft.slot(path, SlotType::kSeq),
             text->dots_of(edit.at, edit.length), draft.effects);
  return {};
}

base::Result<DotRuns> shown_runs(View& view, const Path& path) {
  ASSIGN_OR_RETURN(const Sequence* text, view.text(path));
  if (text == nullptr || text->size() == 0) return DotRuns();
  return text->dots_of(0, text->size());
}

}  // namespace crdt
