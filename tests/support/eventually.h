#pragma once

// Waits for another process: asks again and again, for a bounded time.

#include <chrono>
#include <functional>

namespace support {

using Millis = std::chrono::milliseconds;

// True as soon as `predicate` returns true; false if it did not within `timeout`.
bool eventually(Millis timeout, const std::function<bool()>& predicate);

}  // namespace support
