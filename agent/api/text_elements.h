#pragma once

// The elements of texts by their names, for clients that hold a replica of a text. JSON names them
// as runs: {"dot":"<actor>:<seq>:<index>","len":n} is `n` elements with this dot and the next
// indexes. With "changes":m it is the same in each of `m` changes, from that of the dot on.

#include <string>

#include "agent/api/place.h"
#include "crdt/dot_run.h"
#include "crdt/value.h"
#include "store/store.h"

namespace agent {

// "elements" of an erase: at least one run, in any order. kInvalid names the run that is wrong.
base::Result<crdt::DotRuns> elements_member(const crdt::Members& op);
std::string elements_text(const crdt::DotRuns& runs);  // JSON
// JSON of what a text shows, in its order. A text must be what is shown at the place. kTooLarge
// above kAnswerBytesMax.
base::Result<std::string> shown_elements(store::Reader& reader, const Place& place);

}  // namespace agent
