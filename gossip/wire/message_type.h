#pragma once

// The numbers of message types on the wire. A number is never reused; a new type takes the next
// one.

#include <cstdint>

namespace gossip::wire {

enum class MessageType : std::uint8_t {
  kPing = 1,
  kAck = 2,
  kChallenge = 3,
  kChallengeAnswer = 4,
  kJoin = 5,
  kMembers = 6,
  kLeave = 7,
  kPush = 8,
  kVector = 9,
  kRangeRequest = 10,
  kRange = 11,
  kPingRequest = 12,
  kNack = 13,
  kSnapshotRequest = 14,
  kSnapshotAnswer = 15,
  kCompressed = 16,  // holds another message; sessions only
  kPresence = 17,
  kHolderQuestion = 18,
  kHolderAnswer = 19,
};

}  // namespace gossip::wire
