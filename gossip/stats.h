#pragma once

// What a Node counts. The driver turns it into metrics and log lines. All counters only grow.

#include <array>
#include <cstdint>

namespace gossip {

struct Stats {
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_received = 0;  // authenticated
  std::uint64_t bytes_sent = 0;          // of datagrams, sealed
  std::uint64_t bytes_received = 0;
  std::uint64_t refused_malformed = 0;       // too short, too long, wrong version
  std::uint64_t refused_key = 0;             // another key id
  std::uint64_t refused_authentication = 0;  // its seal did not open
  std::uint64_t refused_replay = 0;
  std::uint64_t refused_epoch = 0;     // a boot epoch below the highest seen
  std::uint64_t refused_unproven = 0;  // from a start that has not returned a token
  std::uint64_t refused_content = 0;   // authenticated, but not a valid packet, message or change
  std::uint64_t challenges_sent = 0;
  std::uint64_t challenges_suppressed = 0;  // for copies of one datagram above kRepeatsAnswered
  std::uint64_t pings_sent = 0;
  std::uint64_t acks_received = 0;
  std::uint64_t members_refused = 0;    // above members_max
  std::uint64_t members_displaced = 0;  // removed for a new member
  std::uint64_t members_forgotten = 0;  // dead or left for long, or replaced at their address
  std::uint64_t hearsay_expired = 0;    // never met, and no member that was asked has heard them
  std::uint64_t helpers_asked = 0;      // requests to ping for us
  std::uint64_t helps_refused = 0;      // requests to ping for others above kIndirectProbesMax
  std::uint64_t probes_stretched = 0;   // because of a long round trip
  std::uint64_t silences = 0;           // probes that failed because of us, not the target
  std::uint64_t suspicions = 0;
  std::uint64_t refutations = 0;              // of suspicions against us
  std::uint64_t incarnations_refused = 0;     // incarnations said to be ours that we never had
  std::uint64_t join_answers_suppressed = 0;  // to joins, above kJoinAnswersPerSecond
  std::uint64_t pauses = 0;                   // pauses of this process, seen by its own timers
  std::uint64_t pushes_sent = 0;              // changes times targets
  std::uint64_t pushes_repeated = 0;          // to more members, because too few targets answered
  // Above kWatchedMax: it is not checked whether they arrive.
  std::uint64_t pushes_unwatched = 0;
  std::uint64_t pushes_relayed = 0;  // changes of others times targets
  std::uint64_t relays_dropped = 0;  // changes in pushes above relay_bytes_max
  std::uint64_t changes_received = 0;
  std::uint64_t changes_duplicate = 0;
  std::uint64_t changes_dropped = 0;  // above apply_bytes_max
  std::uint64_t reconciliations = 0;  // exchanges started
  std::uint64_t ranges_served = 0;
  std::uint64_t ranges_busy = 0;
  std::uint64_t below_floor = 0;  // a peer told us, or we told a peer, that a join is needed
  std::uint64_t state_joins = 0;  // state joins begun
  std::uint64_t state_joins_merged = 0;
  std::uint64_t state_joins_failed = 0;  // given up, by either side
  std::uint64_t state_join_pages = 0;    // received
  std::uint64_t snapshots_served = 0;    // pages
  std::uint64_t snapshots_busy = 0;
  std::uint64_t vector_entries_sent = 0;
  std::uint64_t vectors_whole = 0;    // asked for whole, because a vector could not be worked out
  std::uint64_t vectors_refused = 0;  // whole, but the sum does not fit, or too many entries
  std::uint64_t actors_closed = 0;
  std::uint64_t presences_sent = 0;            // messages times targets
  std::uint64_t presence_bytes_sent = 0;       // of these messages, before they are sealed
  std::uint64_t presences_received = 0;        // messages
  std::uint64_t presences_duplicate = 0;       // of a version that is not above the known one
  std::uint64_t presences_dropped_bound = 0;   // of other members: the table was full
  std::uint64_t presences_dropped_rate = 0;    // of other members: too many a second
  std::uint64_t presences_dropped_origin = 0;  // their origin is no living member here
  std::uint64_t presences_refused_bound = 0;   // of clients: the table was full
  std::uint64_t presences_refused_rate = 0;    // of clients: too many a second
  std::uint64_t divergences = 0;               // rule 8
  std::uint64_t echoes = 0;                    // rule 2
};

}  // namespace gossip
