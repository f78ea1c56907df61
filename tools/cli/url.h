#pragma once

#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace cli {

// Encodes every byte except unreserved ones as %XX, also '/': an id is one segment whatever it
// contains.
std::string percent_encode(std::string_view text);

inline constexpr std::string_view kUnixScheme = "unix:";
inline constexpr std::string_view kHttpScheme = "http://";
inline constexpr std::string_view kHttpsScheme = "https://";

// "http://HOST:PORT" or "https://HOST:PORT" for the value of --http, or "unix:PATH" unchanged. An
// any-address becomes loopback. kInvalid if it is none of HOST:PORT, these two and unix:PATH.
base::Result<std::string> base_url(std::string_view http);

// The path of `<…>; rel="next"` in a Link header; empty if there is none or if it names another
// host.
std::string next_path(std::string_view link);

}  // namespace cli
