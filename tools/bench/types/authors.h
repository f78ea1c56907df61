#pragma once

// The actors under which the steps of a history are replayed. An actor makes its changes one after
// the other, each knowing the one before. An agent of a history may have steps that do not know
// each other; these get several actors. The order of all dots is that of (agent, seq).

#include <vector>

#include "crdt/dot.h"
#include "tools/bench/types/history.h"
#include "tools/bench/types/step_graph.h"

namespace bench {

// For each step the dot of its first patch. Each patch is one change.
std::vector<crdt::Dot> authors_of(const History& history, const StepGraph& graph);

}  // namespace bench
