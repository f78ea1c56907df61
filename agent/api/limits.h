#pragma once

// Every bound of the handlers (rule 11), with what happens at it.

#include <cstddef>
#include <cstdint>

namespace agent {

inline constexpr std::size_t kIdBytesMax = 512;  // of an object or an entry; above: 400

inline constexpr std::size_t kValueBodyMax = 1u << 20;    // a request with one value: 413
inline constexpr std::size_t kEnvelopeBytes = 1u << 10;   // around it: {"type":…,"value":…}
inline constexpr std::size_t kBatchBodyMax = 16u << 20;   // PATCH with ops: 413
inline constexpr std::size_t kAnswerBytesMax = 8u << 20;  // a value: 413; a page ends there
// Room that an answer asks for before it is read, where it is not a page or a whole object.
inline constexpr std::size_t kSmallAnswerBytes = 64u << 10;
inline constexpr std::size_t kLoopBodyMax = 1u << 20;  // a larger one is judged by a reader
inline constexpr std::size_t kBatchOpsMax = 65'536;    // of one PATCH: 413

inline constexpr std::size_t kPageDefault = 1'000;
inline constexpr std::size_t kPageMax = 10'000;  // a larger limit is 400

// A scan gives its reader back after so much and goes on in a new snapshot.
inline constexpr std::size_t kSliceEntries = 2'000;
inline constexpr std::size_t kSliceBytes = 4u << 20;
// A full queue of readers or writers: work that was begun is tried again after this.
inline constexpr std::uint64_t kRetryMillis = 10;

inline constexpr std::size_t kImportLineMax = 1u << 20;  // above: 413 with its number
inline constexpr std::size_t kImportLines = 1'000;       // of one change
inline constexpr std::size_t kImportBytes = 4u << 20;    // of one change

inline constexpr std::size_t kCatchUpChanges = 500;  // read from the log in one snapshot
// Of changes and events read in one snapshot, and unsent of a stream that reads the log: it then
// waits. One change, and one event, may be more.
inline constexpr std::size_t kCatchUpBytes = 512u << 10;
inline constexpr std::uint64_t kCatchUpPauseMillis = 5;  // until it is looked at again
// Live events kept while the log is read; above: dropped, and the log is read again.
inline constexpr std::size_t kHeldEventsMax = 4'096;
inline constexpr std::size_t kHeldBytesMax = 4u << 20;
inline constexpr std::uint64_t kKeepAliveMillis = 15'000;

}  // namespace agent
