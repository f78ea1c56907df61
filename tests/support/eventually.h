#pragma once

// Waiting for what another process will do: asks again and again, for a bounded time.

#include <chrono>
#include <functional>

namespace support {

using Millis = std::chrono::milliseconds;

// True as soon as `predicate` is; false if it was not within `timeout`.
bool eventually(Millis timeout, const std::function<bool()>& predicate);

}  // namespace support
