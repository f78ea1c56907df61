#pragma once

// The dictionary over WebSocket (docs/api.md, "Dictionary"): every client sees one map of strings,
// and every change of it. It is the object `dictionary`, a crdt_map of registers; the agent makes
// the stamps.

#include <memory>

#include "agent/api/host.h"
#include "agent/feed/feed.h"
#include "agent/http/router.h"

namespace agent {

inline constexpr const char* kDictionaryObject = "dictionary";

void add_dictionary_route(Data& data, Timers& timers, std::shared_ptr<Feed> feed,
                          http::Router& router);

}  // namespace agent
