#include "tools/simulator/words.h"

namespace simulation {

std::string_view notice_name(agent::Notice::Kind kind) {
  using Kind = agent::Notice::Kind;
  switch (kind) {
    case Kind::kActorMinted:
      return "actors minted";
    case Kind::kClockAhead:
      return "changes from the future";
    case Kind::kClockRestarted:
      return "clocks restarted";
    case Kind::kPrevMismatch:
      return "contradictions refused";
    case Kind::kEcho:
      return "echoes of our own actor";
    case Kind::kUnknownEnvelope:
      return "unknown envelopes";
    case Kind::kDropped:
      return "changes dropped";
    case Kind::kActorsMany:
      return "actors too many";
    case Kind::kCorruptRow:
      return "corrupt rows";
    case Kind::kRowsDropped:
      return "bad rows dropped";
    case Kind::kDiskFull:
      return "disk full";
    case Kind::kDiskFault:
      return "disk faults";
    case Kind::kRecovered:
      return "disk recovered";
    case Kind::kJoinRefused:
      return "joins refused";
    case Kind::kDivergence:
      return "divergences checked";
    case Kind::kTwin:
      return "twins";
    case Kind::kSetAside:
      return "states set aside";
    case Kind::kOwnLost:
      return "own changes lost";
    case Kind::kRebuilt:
      return "states rebuilt";
  }
  return "other notices";
}

}  // namespace simulation
