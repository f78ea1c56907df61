#pragma once

// Plans the effects of an operation over a view, for every type that is not a catalog
// (crdt/catalog). Pure: the caller seals and applies them.
//
// The slots of each type at a place P:
//   gcounter, pncounter          (P, type): a cell for each contributor (top level) or each
//                                increment (in a map)
//   lww_register, mv_register    (P, type): a cell for each value that nobody has overwritten
//   orset                        (P + [canonical form of the element], orset): a cell for each add
//   crdt_map                     its members are below P
//   seq                          (P, seq): elements of a text
// A container may be empty, so it has a marker: a cell at (P, crdt_map), at (P, seq), or at
// (P + [empty component], orset). It says that the container is there. The first add to a set, the
// first insert into a text, a replacement, and the first write with a path into an object write it
// if the author sees none. A map below the object that came to be by writing into it has none; it
// goes with its last member.
// Several types may have slots at one place; none is lost. The type that is shown is the highest
// that has something there (types/shown.h).

#include <functional>
#include <vector>

#include "crdt/types/view.h"

namespace crdt {

// Who writes. Asking for one of the two may make a new actor, so a plan asks only when it writes.
struct Author {
  std::function<HybridTime()> time;
  std::function<ActorId()> actor;
};

// Appends the effects of `op`. None are appended when nothing would change, or when the client's
// stamp is not above what is there; the result says which. Errors: kInvalid or
// kUnprocessable for an operation that does not fit (the message says what would), kTooLarge for an
// element, a path or a text above its bound, kUnprocessable also for a position behind the end, an
// element of a text that does not exist, and a counter that would overflow.
base::Result<Outcome> plan(View& view, const Op& op, const Author& author,
                           std::vector<Effect>& effects);

}  // namespace crdt
