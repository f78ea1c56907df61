#include "crdt/types/draft.h"

#include <algorithm>
#include <utility>

namespace crdt {

DotRuns dots_of(const Cells& cells) {
  std::vector<Dot> dots;
  append_dots(dots, cells);
  return runs_of(std::move(dots));
}

void append_dots(std::vector<Dot>& dots, const Cells& cells) {
  for (const Cell& cell : cells) dots.push_back(cell.dot);
}

Stamp raised(Stamp stamp, const Cells& seen) {
  for (const Cell& cell : seen) {
    if (stamp <= cell.stamp) stamp = {cell.stamp.time.next(), {}};
  }
  return stamp;
}

Stamp stamp_over(const Draft& draft, const Cells& seen) {
  return draft.stamp ? *draft.stamp : raised({draft.author.time(), {}}, seen);
}

Effect put_over(Slot slot, const Cells& seen, const Stamp& stamp, std::string_view body) {
  return {EffectKind::kPut, std::move(slot), dots_of(seen), stamp, base::Bytes(body), {}};
}

void push_removal(const std::string& object, const Path& path, std::vector<Dot> dots,
                  std::vector<Dot> kept, const DotRuns& letters, std::vector<Effect>& effects) {
  DotRuns runs = runs_around(std::move(dots), std::move(kept));
  if (!letters.empty()) {
    runs.insert(runs.end(), letters.begin(), letters.end());
    runs = ordered_runs(std::move(runs));
  }
  push_kills(EffectKind::kRemove, {object, path, SlotType::kSubtree}, runs, effects);
}

void push_kills(EffectKind kind, const Slot& slot, const DotRuns& runs,
                std::vector<Effect>& effects) {
  for (std::size_t from = 0; from < runs.size(); from += kEffectKillsMax) {
    Effect& effect = effects.emplace_back();
    effect.kind = kind;
    effect.slot = slot;
    const std::size_t to = std::min(runs.size(), from + kEffectKillsMax);
    effect.kills.assign(runs.begin() + static_cast<std::ptrdiff_t>(from),
                        runs.begin() + static_cast<std::ptrdiff_t>(to));
  }
}

std::string in_words(const View& view, const Path& path) {
  std::string place;
  for (const std::string& component : path) {
    if (!place.empty()) place += '/';
    place += component;
  }
  const std::string object = "the object \"" + view.object() + "\"";
  return path.empty() ? object : "\"" + place + "\" of " + object;
}

std::string in_words(const Draft& draft, const Path& path) { return in_words(draft.view, path); }

std::string in_words(std::string_view what, const View& view, const Path& path) {
  const std::string start = "the " + std::string(what);
  return path.empty() ? start + " \"" + view.object() + "\""
                      : start + " at " + in_words(view, path);
}

base::Status check_path(const View& view, const Path& path, std::size_t more) {
  const std::string where = " a path in the object \"" + view.object() + "\"";
  if (path.size() + more > kPathDepthMax) {
    return base::Error{base::Code::kTooLarge,
                       where.substr(1) + " has " + std::to_string(path.size() + more) +
                           " components; at most " + std::to_string(kPathDepthMax) +
                           " are possible (an element of a set and a member of a map" +
                           " take one)"};
  }
  std::size_t bytes = 0;
  for (const std::string& component : path) {
    if (component.size() > kPathComponentMax) {
      return base::Error{base::Code::kTooLarge,
                         "a component of" + where + " has " + std::to_string(component.size()) +
                             " bytes; at most " + std::to_string(kPathComponentMax) +
                             " are possible"};
    }
    if (component.find('\0') != std::string::npos) {
      return base::invalid("a component of" + where + " has a NUL byte");
    }
    if (!base::is_utf8(component)) {
      return base::invalid("a component of" + where + " is not valid UTF-8");
    }
    bytes += component.size();
  }
  if (bytes <= kWrittenPathMax) return {};
  return base::Error{base::Code::kTooLarge, where.substr(1) + " has " + std::to_string(bytes) +
                                                " bytes; at most " +
                                                std::to_string(kWrittenPathMax) + " are possible"};
}

std::string with_article(SlotType type) {
  const bool sounds_open =
      type == SlotType::kLwwRegister || type == SlotType::kMvRegister || type == SlotType::kOrSet;
  return (sounds_open ? "an " : "a ") + std::string(type_name(type));
}

}  // namespace crdt
