#include "agent/notices.h"

namespace agent {

NoticeWords words_for(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::kActorMinted:
      return {"actor_minted", LogLevel::kInfo, "this agent writes under a new actor"};
    case Notice::Kind::kClockAhead:
      return {"clock_ahead", LogLevel::kError,
              "a change has a time far ahead of our clock; it was applied, its time was not taken "
              "over; set the clock of its host"};
    case Notice::Kind::kClockRestarted:
      return {"clock_restarted", LogLevel::kError,
              "our hybrid clock was far ahead of the wall clock; it starts again from the wall "
              "clock under a new actor"};
    case Notice::Kind::kPrevMismatch:
      return {"equivocation", LogLevel::kError,
              "two different changes have one number (a fork); the message was refused and kept as "
              "proof"};
    case Notice::Kind::kEcho:
      return {"echo", LogLevel::kError,
              "a peer has changes of our own actor that we do not have; this agent writes under a "
              "new actor from now on"};
    case Notice::Kind::kUnknownEnvelope:
      return {"unknown_envelope", LogLevel::kError,
              "a change of a later program version was received and kept; upgrade this host to "
              "apply it"};
    case Notice::Kind::kDropped:
      return {"change_dropped", LogLevel::kDebug,
              "a change was dropped because what it depends on is missing; it is fetched again"};
    case Notice::Kind::kActorsMany:
      return {
          "actors_many", LogLevel::kError,
          "this node has more open actors than the bound: it restarts often, or a member lags; see "
          "actors_many in docs/operating.md"};
    case Notice::Kind::kCorruptRow:
      return {
          "corrupt_row", LogLevel::kError,
          "a stored row fails its checksum; when a peer answers, the agent checks its database and "
          "fetches a bad state again"};
    case Notice::Kind::kRowsDropped:
      return {
          "rows_dropped", LogLevel::kError,
          "stored rows failed their checksums and were dropped; no shown value depends on them"};
    case Notice::Kind::kDiskFull:
      return {"disk_full", LogLevel::kError,
              "the disk is full; writes are refused until there is space, reads go on"};
    case Notice::Kind::kDiskFault:
      return {
          "disk_fault", LogLevel::kError,
          "a fault of the disk has stopped writing; reads go on, the agent tries again by itself"};
    case Notice::Kind::kRecovered:
      return {"disk_recovered", LogLevel::kInfo, "the disk takes writes again"};
    case Notice::Kind::kJoinRefused:
      return {
          "join_refused", LogLevel::kError,
          "a state join was refused: the state of the peer contradicts ours, or a page was wrong; "
          "nothing was merged"};
    case Notice::Kind::kDivergence:
      return {"divergence", LogLevel::kError,
              "a peer has an equal version vector and other data; our rows were checked"};
    case Notice::Kind::kTwin:
      return {
          "twin", LogLevel::kError,
          "another agent has our node id; this agent opens its database again under a new node id"};
    case Notice::Kind::kSetAside:
      return {"set_aside", LogLevel::kError,
              "the database is set aside; the state is fetched again from the peers, writes wait"};
    case Notice::Kind::kOwnLost:
      return {"own_change_lost", LogLevel::kError,
              "an acknowledged write of this agent could not be sealed again and is lost; the "
              "database that was set aside has it"};
    case Notice::Kind::kRebuilt:
      return {"rebuilt", LogLevel::kInfo,
              "the state is complete again after a database was set aside; writes are taken"};
  }
  return {"unknown", LogLevel::kError, ""};
}

}  // namespace agent
