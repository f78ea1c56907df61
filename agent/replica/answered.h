#pragma once

// What is kept of a request that a client named, so that a retry gets the same answer: in the table
// `requests` of the agents that know it, and in the sealed change that did it (crdt::RequestMark).

#include <vector>

#include "agent/replica/requests.h"
#include "crdt/change.h"
#include "store/requests.h"

namespace agent {

// The outcomes and first dots of the operations, in at most crdt::kRequestDoneMax bytes; nothing of
// more than kNamedOpsMax operations. Bytes that nobody has encoded are read as no operations.
base::Bytes encode_done(const std::vector<OpDone>& ops);
std::vector<OpDone> decode_done(base::BytesView done);

// The type that Written names for these effects.
std::optional<crdt::SlotType> type_written(const std::vector<crdt::Effect>& effects);

// The request that this change did; it must have a mark.
store::KnownRequest known_by(const crdt::Change& change);
// The answer to the request, and to each retry.
Written answer_again(const store::KnownRequest& known);

}  // namespace agent
