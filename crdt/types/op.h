#pragma once

// What a client may do: a request is an object and a list of operations, each on one place of it.
// An operation sees the effects of those before it. A place is a path in the object; the empty path
// is the object itself.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/change.h"
#include "crdt/value.h"

namespace crdt {

using Path = std::vector<std::string>;

enum class Verb : std::uint8_t {
  kSet,        // a register; at an entry of a catalog: adds it (presence and whole metadata)
  kReplace,    // the whole value of a place of any type; other things at or below the place go
  kPut,        // of a catalog only: the whole metadata of an entry; the presence is not touched
  kMerge,      // of a catalog only: some fields of an entry; the others are not touched
  kUnset,      // removes what the author sees at the place and below it
  kIncrement,  // a counter
  kDecrement,  // a pncounter
  kAdd,        // an element of a set
  kRemove,     // an element of a set
  kInsert,     // into a text
  kErase,      // from a text
};
std::string_view verb_name(Verb verb);  // "set"

struct Amount {
  std::uint64_t by = 0;
};
// What positions and lengths in a text count. UTF-16 is for clients whose strings count its units.
enum class TextUnit : std::uint8_t { kCodePoint, kUtf16 };
struct TextInsert {
  std::uint32_t at = 0;
  std::optional<Dot> after;              // if present: behind this element, wherever it stands now
  std::string text;                      // UTF-8
  TextUnit unit = TextUnit::kCodePoint;  // of `at`
};
struct TextErase {
  std::uint32_t at = 0;
  std::uint32_t length = 0;
  TextUnit unit = TextUnit::kCodePoint;  // of both
  DotRuns elements = {};  // if not empty: these, wherever they stand now, and no position
};
// Minified JSON text, or the parsed members of an object.
using Argument = std::variant<std::monostate, std::string, Members, Amount, TextInsert, TextErase>;

struct Op {
  Path path;
  Verb verb = Verb::kSet;
  Argument argument;
  // The type of the place, if the client named it. Otherwise it is the type of what stands there
  // and fits the verb, or else the usual type of the verb. Unset takes all types, whatever it is.
  std::optional<SlotType> type;
  std::optional<Stamp> stamp;  // that the client brought; otherwise the agent makes it
};

// The error of the operation `number` of a request, which it names if there are several.
base::Error error_of_op(const base::Error& error, std::size_t number, std::size_t ops);

}  // namespace crdt
