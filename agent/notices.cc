#include "agent/notices.h"

namespace agent {

NoticeWords words_for(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::kActorMinted:
      return {"actor_minted", LogLevel::kInfo, "this agent writes under a new actor"};
    case Notice::Kind::kClockAhead:
      return {"clock_ahead", LogLevel::kError,
              "a change comes from the future; applied, its time not taken over"};
    case Notice::Kind::kClockRestarted:
      return {"clock_restarted", LogLevel::kError,
              "our clock was ahead of the wall clock; it starts from the wall"};
    case Notice::Kind::kPrevMismatch:
      return {"equivocation", LogLevel::kError,
              "one number has two contents; the message was refused"};
    case Notice::Kind::kEcho:
      return {"echo", LogLevel::kError,
              "our own actor is ahead elsewhere; this agent leaves it behind"};
    case Notice::Kind::kUnknownEnvelope:
      return {"unknown_envelope", LogLevel::kError,
              "a change of a later version waits for an upgrade"};
    case Notice::Kind::kDropped:
      return {"change_dropped", LogLevel::kDebug,
              "a change came before what it depends on; fetched again"};
    case Notice::Kind::kActorsMany:
      return {"actors_many", LogLevel::kError,
              "this node has left behind more actors than the bound"};
    case Notice::Kind::kCorruptRow:
      return {"corrupt_row", LogLevel::kError, "a stored row fails its checksum"};
    case Notice::Kind::kRowsDropped:
      return {
          "rows_dropped", LogLevel::kError,
          "stored rows failed their checksums and were dropped; the state is whole without them"};
    case Notice::Kind::kDiskFull:
      return {"disk_full", LogLevel::kError,
              "writes are refused until there is space; reads go on"};
    case Notice::Kind::kDiskFault:
      return {"disk_fault", LogLevel::kError,
              "writing is stopped by a fault of the disk; reads go on"};
    case Notice::Kind::kRecovered:
      return {"disk_recovered", LogLevel::kInfo, "writes are taken again"};
    case Notice::Kind::kJoined:
      return {"joined", LogLevel::kInfo, "the state of a peer was merged as a whole"};
    case Notice::Kind::kJoinRefused:
      return {"join_refused", LogLevel::kError,
              "the state of a peer contradicts ours; it was not merged"};
    case Notice::Kind::kDivergence:
      return {"divergence", LogLevel::kError,
              "equal vectors with unequal digests: our rows were checked"};
    case Notice::Kind::kTwin:
      return {"twin", LogLevel::kError,
              "another agent has our node id; this one starts again under a new one"};
    case Notice::Kind::kSetAside:
      return {"set_aside", LogLevel::kError,
              "the state is set aside and fetched again from the peers"};
    case Notice::Kind::kRebuilt:
      return {"rebuilt", LogLevel::kInfo, "the state is complete again; writes are taken"};
  }
  return {"unknown", LogLevel::kError, ""};
}

}  // namespace agent
