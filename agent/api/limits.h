#pragma once

// All bounds of the handlers (rule 11), and what happens when one is reached.

#include <cstddef>
#include <cstdint>

namespace agent {

inline constexpr std::size_t kIdBytesMax = 512;  // of an object or an entry; above: 400

inline constexpr std::size_t kValueBodyMax = 1u << 20;    // a request with one value: 413
inline constexpr std::size_t kEnvelopeBytes = 1u << 10;   // for the text around: {"type":…}
inline constexpr std::size_t kBatchBodyMax = 16u << 20;   // PATCH with ops: 413
inline constexpr std::size_t kAnswerBytesMax = 8u << 20;  // larger value: 413; a page ends here
// Memory that an answer reserves before it is read, if it is neither a page nor a whole object.
inline constexpr std::size_t kSmallAnswerBytes = 64u << 10;
inline constexpr std::size_t kLoopBodyMax = 1u << 20;  // a larger body is parsed on a reader thread
inline constexpr std::size_t kBatchOpsMax = 65'536;    // in one PATCH; above: 413

inline constexpr std::size_t kPageDefault = 1'000;
inline constexpr std::size_t kPageMax = 10'000;  // a larger limit is 400

// After this much a scan gives its reader back and goes on in a new snapshot. A slice may have one
// entry more, whatever its size.
inline constexpr std::size_t kSliceEntries = 500;
inline constexpr std::size_t kSliceBytes = 512u << 10;
// A page that is not complete after this time is sent in chunks from then on.
inline constexpr std::uint64_t kHeadMillis = 20;
inline constexpr std::size_t kSliceAnswerBytes = 1u
                                                 << 20;  // of AnswerRoom, for an answer in chunks
inline constexpr std::int64_t kQuietMillis = 500;  // without rows for so long: white space is sent
inline constexpr std::size_t kPageLinksMax = 4'096;  // links of one route; the oldest is forgotten
// When the queue of readers or writers is full, work that has begun is tried again after this time.
inline constexpr std::uint64_t kRetryMillis = 10;

inline constexpr std::size_t kImportLineMax = 1u << 20;  // above: 413 with the line number
inline constexpr std::size_t kImportLines = 1'000;       // of one change
inline constexpr std::size_t kImportBytes = 4u << 20;    // of one change, in memory after parsing

// A PUT of a presence with its blanks; above: 413. gossip/wire/presence.h bounds what is left.
inline constexpr std::size_t kPresenceBodyMax = 4u << 10;
inline constexpr std::size_t kPresenceAnswerBytes = 2u << 20;  // of AnswerRoom, for one topic

// POST /crdt/sync?wait=N&timeout_ms=T: the most agents, the usual time and the longest.
inline constexpr std::uint64_t kWaitAgentsMax = 64;
inline constexpr std::uint64_t kWaitMillis = 5'000;
inline constexpr std::uint64_t kWaitMillisMax = 60'000;

// GET /crdt/metrics asks the mesh who holds an object: for so many of its actors, and so long.
inline constexpr std::size_t kHolderActorsMax = 16;
inline constexpr std::int64_t kHolderCountMillis = 100;

// Catalog deltas. In one POST; above: 413.
inline constexpr std::size_t kPostedDeltasMax = 10'000;
inline constexpr std::size_t kPostedWrites = 64;  // of one POST, that wait for the store at once
inline constexpr std::size_t kPostsWaiting = 64;  // POSTs that wait for another one; above: 503
inline constexpr std::size_t kClockEntriesMax = 256;  // of the clock of a delta; above: 413
// Of a node outside the mesh: entries of its clocks and names of deltas that are kept. Above: the
// one that moved first is forgotten; a delta of it that is sent again is then taken again.
inline constexpr std::size_t kForeignOriginsMax = 1'024;
inline constexpr std::size_t kForeignNamesMax = 4'096;
// Changes and bytes of the log that a GET reads in one snapshot; then it goes on in another one.
inline constexpr std::size_t kDeltaChanges = 2'000;
inline constexpr std::size_t kDeltaBytes = 4u << 20;
// Changes that may come while a reader with cursors takes the entries that stand for a lost log.
// Above: it gets them from the beginning.
inline constexpr std::size_t kWalkChangesMax = 20'000;
// Changes that are looked up for the tags of one removal. Above: the other tags are not named.
inline constexpr std::size_t kTagLookupsMax = 65'536;
// Peers whose last GET is known. Above: the one that asked first is forgotten, and a clear of it
// moves nothing.
inline constexpr std::size_t kDeltaPeersMax = 1'024;
// A clear moves a position that has passed no delta only if it has passed so many changes:
// otherwise each clear would be a change that needs the next clear.
inline constexpr std::size_t kQuietChanges = 1'000;

// Actors in the position of a client of a door (acknowledged.h). Above: 413.
inline constexpr std::size_t kAcknowledgedActorsMax = 16'384;

inline constexpr std::size_t kCompactedMax =
    1'000;  // objects in an answer; the others are folded too
inline constexpr std::size_t kCompactedBytes = 1u << 20;  // of AnswerRoom
// Of AnswerRoom, for an export. A page with one large value may have more.
inline constexpr std::size_t kStateBytes = 2u << 20;
inline constexpr std::size_t kStatePieceBytes = 1u << 20;  // that is written at once

// Unsent bytes at which an event stream takes nothing more from the log and no more values.
inline constexpr std::size_t kStreamRoomBytes = 512u << 10;
inline constexpr std::uint64_t kKeepAliveMillis = 15'000;

// The doors that are WebSockets.
// A message of a client of the dictionary; above: an error, and from four times as much on the
// socket is closed (1009).
inline constexpr std::size_t kDictionaryMessageMax = kValueBodyMax + 8 * kEnvelopeBytes;
// Keys and values of the dictionary; above: a new client is told so and closed (1013).
inline constexpr std::size_t kDictionaryBytesMax = 8u << 20;
// Writes and lookups of one client that wait; above: nothing more is read from it until they are
// done.
inline constexpr std::size_t kDictionaryWaitingMax = 64;
inline constexpr std::size_t kRereadKeysMax = 1'000;  // keys that are read again in one snapshot
// A message of a device: bytes and changes; above: an error, and from four times as many bytes on
// the socket is closed (1009).
inline constexpr std::size_t kDeviceMessageMax = 2u << 20;
inline constexpr std::size_t kDeviceChangesMax = 10'000;
// Messages of one device that wait, and what they are in memory; from here on nothing more is read
// from it until they are answered.
inline constexpr std::size_t kDeviceWaitingMax = 16;
inline constexpr std::size_t kDeviceWaitingBytes = 256u << 10;
// The same of all devices together; above: a further message is refused with an error.
inline constexpr std::size_t kDevicesWaitingBytes = 64u << 20;
// Values in one answer to a device, about; the rest follows. The values of one change stay
// together.
inline constexpr std::size_t kDevicePageBytes = 1u << 20;
inline constexpr std::size_t kDeviceUnsentBytes = 512u << 10;  // above: the rest waits
inline constexpr std::uint64_t kDevicePauseMillis = 5;         // then it looks again
// Answers to polls whose acknowledgement is awaited; above: the oldest is forgotten, and its device
// gets the changes again.
inline constexpr std::size_t kPolledDevicesMax = 4'096;
// Conflicts that a connection remembers to have told; above: it may tell one again.
inline constexpr std::size_t kToldConflictsMax = 1'024;

}  // namespace agent
