#pragma once

// Times of day as text (RFC 3339), and stamps as one number.

#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "crdt/hybrid_time.h"

namespace agent {

// Nanoseconds since the Unix epoch of "2025-06-05T12:01:22.904Z": at most nine digits after the
// point, any offset, no leap second. kInvalid for other texts and for years outside 1678 to 2261,
// whose nanoseconds do not fit.
base::Result<std::int64_t> nanos_of_time(std::string_view text);
// In UTC, with three digits after the point.
std::string time_text(std::int64_t nanos);

// A stamp as one number of nanoseconds, from 0 to 2^63-1. The counter is added, so that two
// stamps of one agent with the same time do not become equal.
std::uint64_t nanos_with_counter(const crdt::HybridTime& time);

}  // namespace agent
