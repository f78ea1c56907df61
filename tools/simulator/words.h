#pragma once

// Short names for traces and counters.

#include <string_view>

#include "agent/replica/requests.h"

namespace simulation {

std::string_view notice_name(agent::Notice::Kind kind);  // "actors minted"

}  // namespace simulation
