#pragma once

// Every bound and time of the protocol (rule 11), with what happens when it is full.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "crdt/base/time.h"
#include "gossip/member.h"

namespace gossip {

// The times of a profile. The traffic of each profile is in docs/protocol.md.
struct Profile {
  std::string_view name;
  base::Duration ping_interval;    // from one probe of this node to the next
  base::Duration ping_timeout;     // until helpers are asked
  base::Duration gossip_interval;  // between two rounds of news, while there is any
  // The shortest suspicion: tenths of an interval, times log10 of the members.
  std::int64_t suspicion_tenths;
  std::int64_t suspicion_max_factor;  // the longest suspicion is so many times the shortest
  base::Duration grace;               // a difference in state lasts so long before it is repaired
};
std::optional<Profile> profile_from_name(std::string_view name);  // local, lan, wan, edge
std::string_view profile_names();                                 // "local, lan, wan, edge"

// The topologies of this version. A Node gets no other.
bool has_strategy(Topology topology);
std::string_view topology_names();  // "push-pull, direct"

struct Options {
  Profile profile = *profile_from_name("lan");
  Topology topology = Topology::kDirect;

  std::size_t fan_out = 4;  // members to whom `push-pull` pushes, at the origin and at every relay
  // The bytes of new changes in one push. A push with more is not relayed: it is counted, and its
  // changes are pulled.
  std::size_t relay_bytes_max = 16u << 10;
  std::size_t datagram_bytes_max = 1200;  // the sealed size
  std::size_t members_max = 10'240;       // further ones are not added but counted
  // The starts whose replay window is kept. When full, the least recently heard start goes.
  std::size_t starts_known_max = 20'480;
  std::size_t dead_retries_per_second = 2;  // pings to dead members, round-robin, in all
  std::size_t helpers_max = 3;              // members asked to ping for us in one probe
  std::size_t news_targets = 3;             // targets of one round of news
  std::size_t remembered_max = 1'024;       // members kept over a restart, the living first
  std::size_t reconcile_peers_max = 3;      // exchanges that this node starts at one time
  std::size_t serve_peers_max = 8;          // ranges that it serves at one time; above that: "busy"
  std::size_t range_bytes_max = 1u << 20;   // of one page of a range or a join; see PageSize
  std::size_t range_changes_max = 2'000;
  // The bytes given to the replica and not yet stored. Further changes are dropped and fetched
  // again.
  std::size_t apply_bytes_max = 16u << 20;
  std::size_t join_serve_max = 4;  // peers that join our state at one time; above that: "busy"
  // The most time for the replica's next step, also for a merge.
  base::Duration join_store_timeout = base::seconds(300);
  // Presences (docs/protocol.md). A presence above a bound is refused to a client with an error,
  // and dropped and counted if it is another member's. The entries of a node include those that
  // have ended and are only remembered; the oldest of these make room.
  std::size_t presences_max = 4'096;          // in all
  std::size_t presence_bytes_max = 1u << 20;  // topics, keys and bodies
  std::size_t presences_per_node = 512;       // of one origin
  std::size_t presences_per_second = 50;      // set by clients of this agent
  std::size_t presence_burst = 100;           // of these, at once
  // Taken from one origin, as a multiple of the two above: besides the sets it tells of ends, and
  // what it told evenly may arrive in bursts.
  std::size_t presence_intake_factor = 3;
  // Of presences that this agent sends. What is above it waits, the least told first.
  std::size_t presence_bytes_per_second = 256u << 10;
  // An exchange without progress for so long is given up and tried later.
  base::Duration exchange_timeout = base::seconds(10);

  // An error for times that cannot work, with which every probe would fail or none could.
  base::Status check() const;
};

}  // namespace gossip
