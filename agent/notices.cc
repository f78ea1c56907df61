#include "agent/notices.h"

namespace agent {

NoticeWords words_for(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::kActorMinted:
      return {"actor_minted", false, "this agent writes under a new actor"};
    case Notice::Kind::kClockAhead:
      return {"clock_ahead", true,
              "a change comes from the future; applied, its time not taken over"};
    case Notice::Kind::kClockRestarted:
      return {"clock_restarted", true,
              "our clock was ahead of the wall clock; it starts from the wall"};
    case Notice::Kind::kPrevMismatch:
      return {"equivocation", true, "one number has two contents; the message was refused"};
    case Notice::Kind::kEcho:
      return {"echo", true, "our own actor is ahead elsewhere; this agent leaves it behind"};
    case Notice::Kind::kUnknownEnvelope:
      return {"unknown_envelope", true, "a change of a later version waits for an upgrade"};
    case Notice::Kind::kDropped:
      return {"change_dropped", false, "a change came before what it depends on; fetched again"};
    case Notice::Kind::kActorsMany:
      return {"actors_many", true, "this node has left behind more actors than the bound"};
    case Notice::Kind::kCorruptRow:
      return {"corrupt_row", true, "a stored row fails its checksum"};
    case Notice::Kind::kDiskFull:
      return {"disk_full", true, "writes are refused until there is space; reads go on"};
    case Notice::Kind::kDiskFault:
      return {"disk_fault", true, "writing is stopped by a fault of the disk; reads go on"};
    case Notice::Kind::kRecovered:
      return {"disk_recovered", false, "writes are taken again"};
    case Notice::Kind::kJoined:
      return {"joined", false, "the state of a peer was merged as a whole"};
    case Notice::Kind::kJoinRefused:
      return {"join_refused", true, "the state of a peer contradicts ours; it was not merged"};
    case Notice::Kind::kDivergence:
      return {"divergence", true, "equal vectors with unequal digests: our rows were checked"};
    case Notice::Kind::kTwin:
      return {"twin", true, "another agent has our node id; this one starts again under a new one"};
    case Notice::Kind::kSetAside:
      return {"set_aside", true, "the state is set aside and fetched again from the peers"};
    case Notice::Kind::kRebuilt:
      return {"rebuilt", false, "the state is complete again; writes are taken"};
  }
  return {"unknown", true, ""};
}

}  // namespace agent
