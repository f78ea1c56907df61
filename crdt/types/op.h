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
#include "crdt/base/time.h"
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
  kAbsent,     // a register: its removal as a value, so that an older value stays hidden
  kIncrement,  // a counter
  kDecrement,  // a pncounter
  kTotals,     // a counter: all that other nodes have counted so far
  kAdd,        // an element of a set
  kRemove,     // an element of a set
  kInsert,     // into a text
  kErase,      // from a text
};
std::string_view verb_name(Verb verb);  // "set"

struct Amount {
  std::uint64_t by = 0;
};
// What nodes of a client's own mesh have counted since they began. Of two totals of one node the
// higher one counts, so a total may come twice and in any order. `node`: as Stamp::writer.
struct Totals {
  struct Node {
    std::string node;
    std::uint64_t added = 0;
    std::uint64_t taken = 0;  // 0 for a gcounter
  };
  std::vector<Node> nodes;
};
// What positions and lengths in a text count. UTF-16 is for clients whose strings count its units.
enum class TextUnit : std::uint8_t { kCodePoint, kUtf16 };
// An element that the operation `op` of the same request inserts: its code point number `element`.
struct TemporaryId {
  std::uint32_t op = 0;
  std::uint32_t element = 0;
};
struct TextInsert {
  std::uint32_t at = 0;
  std::optional<Dot> after;              // if present: behind this element, wherever it stands now
  std::string text;                      // UTF-8
  TextUnit unit = TextUnit::kCodePoint;  // of `at`
  // If present: behind an element that an earlier operation of the same request inserts.
  std::optional<TemporaryId> behind_new = {};
};
struct TextErase {
  std::uint32_t at = 0;
  std::uint32_t length = 0;
  TextUnit unit = TextUnit::kCodePoint;  // of both
  // If there are any, these elements are erased, wherever they stand, and `at` and `length` are not
  // used. are_ordered(). Elements that are erased already are no error.
  DotRuns elements = {};
  std::vector<TemporaryId> new_elements = {};  // the same, of earlier operations of the request
};
// Minified JSON text, or the parsed members of an object.
using Argument =
    std::variant<std::monostate, std::string, Members, Amount, TextInsert, TextErase, Totals>;

struct Op {
  Path path;
  Verb verb = Verb::kSet;
  Argument argument;
  // The type of the place, if the client named it. Otherwise it is the type of what stands there
  // and fits the verb, or else the usual type of the verb. Unset takes all types, whatever it is.
  std::optional<SlotType> type;
  std::optional<Stamp> stamp;  // that the client brought; otherwise the agent makes it
  // Of an element of a set, and of the presence of a catalog's entry. An add has at most one: its
  // name among the adds, given by the client. A remove with tags removes the adds with one of them.
  std::vector<std::string> tags = {};
  // A value with a client's stamp: values of other writers at the same time stay as conflicts.
  bool keeps_ties = false;
};

// What became of an operation.
enum class Outcome : std::uint8_t {
  kWritten,     // it has effects
  kUnchanged,   // nothing had to change
  kSuperseded,  // it has no effect: what is there has a stamp that is not below the client's
};

// How far the stamp of a client may be ahead of our time (rule 9).
inline constexpr base::Duration kStampAheadMax = base::seconds(3'600);
// What clients may bring with an operation, checked once, before it is planned: the stamp is at
// most kStampAheadMax ahead of our wall clock, or of our own clock while the wall clock is not
// trusted; any time in the past is taken. kInvalid if it is not; also for a writer, node or tag
// that is no name (1 to kWriterBytesMax bytes of UTF-8 without NUL; a writer may be empty).
base::Status check_brought(const Op& op, const base::Now& now, const HybridClock& clock);

// The error of the operation `number` of a request, which it names if there are several.
base::Error error_of_op(const base::Error& error, std::size_t number, std::size_t ops);

}  // namespace crdt
