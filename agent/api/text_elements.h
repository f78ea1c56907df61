#pragma once

// The elements of texts by their names, for clients that hold a replica of a text. JSON names them
// as runs: {"dot":"<actor>:<seq>:<index>","len":n} is `n` elements with this dot and the next
// indexes. With "changes":m it is the same in each of `m` changes, from that of the dot on.

#include <optional>
#include <string>
#include <string_view>

#include "agent/api/place.h"
#include "crdt/dot_run.h"
#include "crdt/types/op.h"
#include "crdt/value.h"
#include "store/store.h"

namespace agent {

// "~N.k", the name of element k of the insert that is op N of the same request; nullopt for a text
// that does not begin with "~".
base::Result<std::optional<crdt::TemporaryId>> temporary_id(std::string_view text);
// "elements" of an erase: at least one, in any order. Each is the id of an element, a temporary id,
// or a run. kInvalid names the one that is wrong.
base::Result<crdt::TextErase> elements_member(const crdt::Members& op);
std::string elements_text(const crdt::DotRuns& runs);  // JSON
// JSON of what a text shows, in its order. A text must be what is shown at the place. kTooLarge
// above kAnswerBytesMax.
base::Result<std::string> shown_elements(store::Reader& reader, const Place& place);

}  // namespace agent
