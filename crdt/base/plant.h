#pragma once

// Planted bugs (docs/testing.md): each removes or reverses one line of product code, to test
// whether the simulator notices. They exist only in the libraries that hearsay-sim links (built
// with HEARSAY_PLANTS). Elsewhere PLANTED(...) is the constant false and the compiler removes it. A
// plant writes no log line. tools/simulator/plants.cc says what each does; numbers are never
// reused.
//
//   if (!PLANTED(kFloorNotRaised)) actors.raise_floor(id, seq);

#ifdef HEARSAY_PLANTS

namespace base {

enum class Plant : int {
  kNone = 0,
  // Rule 1
  kOwnWritesNormal = 1,
  kToldBeforeCommit = 2,
  // Rule 2
  kActorKeptAtStart = 3,
  // Rule 3
  kQueuedChangesClaimed = 5,
  kUnsyncedClaimed = 6,
  // Rule 4
  kDepsIgnored = 7,
  kRangeByActor = 8,
  kDroppedStaysSeen = 9,
  // Rule 5
  kRemoveWithoutDot = 10,
  kKillsForgotten = 11,
  // Rule 6
  kVectorWithFirstPage = 12,
  kJoinDropsNothing = 13,
  kJudgedByStartVector = 14,
  kEqualObjectSkipped = 15,
  kMixedSnapshots = 16,
  // Rule 7
  kFloorNotRaisedByJoin = 17,
  kFloorNotRaisedByPruning = 18,
  // Rule 8
  kDivergenceIgnored = 19,
  kDivergenceJoinsEqualVectors = 20,
  // Rule 9
  kWallClockAsStamp = 21,
  kClockNotPersisted = 22,
  kFutureStampsParked = 23,
  // The replicated types (docs/types.md, docs/storage.md)
  kFoldDropsEdits = 24,
  kErasedForgottenByJoin = 25,
  kCounterFoldDropsOne = 26,
  kSubtreeKeepsTexts = 27,
  kSubtreeKillsUnseen = 28,
  kStampTieByArrival = 29,
  kRequestsForgotten = 30,
};

extern Plant planted;  // set once, before anything runs

}  // namespace base

#define PLANTED(name) (base::planted == base::Plant::name)

#else

#define PLANTED(name) false

#endif
