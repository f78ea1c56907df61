#pragma once

// All bounds of the feed (rule 11), and what happens when one is reached.

#include <cstddef>
#include <cstdint>

namespace agent {

inline constexpr std::size_t kCatchUpChanges = 500;  // changes read from the log in one snapshot
// Bytes of changes and events that are read in one snapshot, and of events that a listener which
// is not live is given at once. A single change or event may be larger.
inline constexpr std::size_t kCatchUpBytes = 512u << 10;
// A listener without room is asked again after this time.
inline constexpr std::uint64_t kCatchUpPauseMillis = 5;
// Live events that are held for a listener while the log is read; above: they are dropped, and the
// log is read again.
inline constexpr std::size_t kHeldEventsMax = 4'096;
inline constexpr std::size_t kHeldBytesMax = 4u << 20;
// Objects, entries and bytes of values that are read in one snapshot. A single value may be larger.
inline constexpr std::size_t kValuePageUnits = 500;
inline constexpr std::size_t kValuePageBytes = 512u << 10;
inline constexpr std::size_t kFeedValueMax = 8u << 20;  // a larger value is not given, only named
// Parts of the values that were read at different positions. Above: later pages count as part of
// the last one, so a change may come although the value of its place has it already.
inline constexpr std::size_t kCoverPartsMax = 4'096;
inline constexpr std::size_t kFilterNamesMax = 64;  // objects of a filter, and prefixes
// When the queue of the readers is full, the feed tries again after this time.
inline constexpr std::uint64_t kFeedRetryMillis = 10;

}  // namespace agent
