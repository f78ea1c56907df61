#pragma once

// The plan of one operation while it is made: what it reads, who writes, and its effects so far.
// The helpers are what the plans of several types have in common.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/types/plan.h"

namespace crdt {

struct Draft {
  View& view;
  const Author& author;
  std::vector<Effect>& effects;
  std::optional<Stamp> stamp = {};         // that the client brought
  std::span<const std::string> tags = {};  // Op::tags
  bool keeps_ties = false;                 // Op::keeps_ties
  bool superseded = false;                 // something was not written because of its stamp

  Slot slot(Path path, SlotType type) const { return {view.object(), std::move(path), type}; }
};

// All dots of the cells.
DotRuns dots_of(const Cells& cells);
void append_dots(std::vector<Dot>& dots, const Cells& cells);

// The smallest stamp of the agent that is at least `stamp` and above those of the cells.
Stamp raised(Stamp stamp, const Cells& seen);
// The stamp of a write over `seen`: the client's, or else the agent's.
Stamp stamp_over(const Draft& draft, const Cells& seen);

// A cell with this body in place of all cells of the slot.
Effect put_over(Slot slot, const Cells& seen, const Stamp& stamp, std::string_view body);

// Removes `dots` and `letters`, which are elements of texts, at `path` and below it, and none of
// `kept`. One effect for kEffectKillsMax runs.
void push_removal(const std::string& object, const Path& path, std::vector<Dot> dots,
                  std::vector<Dot> kept, const DotRuns& letters, std::vector<Effect>& effects);
// The same runs of dots of one slot, as effects of `kind`.
void push_kills(EffectKind kind, const Slot& slot, const DotRuns& runs,
                std::vector<Effect>& effects);

// The place and the object in words for messages: `"a/b" of the object "x"`, `the object "x"`.
std::string in_words(const View& view, const Path& path);
std::string in_words(const Draft& draft, const Path& path);
// What is at the place: `the text at "a/b" of the object "x"`, `the text "x"`.
std::string in_words(std::string_view what, const View& view, const Path& path);
// Refuses a path that no request could name later: kTooLarge if it is too deep with `more`
// components below it, or too long; kInvalid if a component has a NUL byte or is no UTF-8.
base::Status check_path(const View& view, const Path& path, std::size_t more);
// "an orset", "a seq".
std::string with_article(SlotType type);

}  // namespace crdt
