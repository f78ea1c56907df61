#pragma once

#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace cli {

// Every byte but the unreserved ones as %XX, '/' too: an id is one segment whatever it holds.
std::string percent_encode(std::string_view text);

// "http://HOST:PORT" of what --http was given; the any-addresses become loopback. kInvalid: it is
// neither HOST:PORT nor http://HOST:PORT.
base::Result<std::string> base_url(std::string_view http);

// The path of `<…>; rel="next"` in a Link header; empty where there is none, or where it does not
// stay on this host.
std::string next_path(std::string_view link);

}  // namespace cli
