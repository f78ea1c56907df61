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

// Ping times of a profile. Traffic of each is in docs/protocol.md.
struct Profile {
  std::string_view name;
  base::Duration ping_interval;       // from one probe of this node to the next
  base::Duration ping_timeout;        // until helpers are asked
  base::Duration gossip_interval;     // between two rounds of news, while there is any
  std::int64_t suspicion_tenths;      // of an interval, times log10 of the members: the shortest
                                      // suspicion
  std::int64_t suspicion_max_factor;  // the longest is so many times the shortest
  base::Duration grace;               // a difference in state lasts this long before it is repaired
};
std::optional<Profile> profile_from_name(std::string_view name);  // local, lan, wan, edge
std::string_view profile_names();                                 // "local, lan, wan, edge"

// Topologies of this version; a Node is given no other.
bool has_strategy(Topology topology);
std::string_view topology_names();  // "push-pull, direct"

struct Options {
  Profile profile = *profile_from_name("lan");
  Topology topology = Topology::kDirect;

  std::size_t fan_out = 4;  // members to whom `push-pull` pushes, at the origin and at every relay
  std::size_t relay_bytes_max = 16u << 10;  // of new changes in one push; above: not passed on,
                                            // counted, pulled
  std::size_t datagram_bytes_max = 1200;    // sealed, as sent
  std::size_t members_max = 10'240;         // further ones are not added; counted
  std::size_t starts_known_max = 20'480;    // replay windows; the least recently heard goes
  std::size_t dead_retries_per_second = 2;  // pings to dead members, round-robin, in all
  std::size_t helpers_max = 3;              // asked to ping for us in one probe
  std::size_t news_targets = 3;             // of one round of news
  std::size_t remembered_max = 1'024;       // members kept over a restart; the living first
  std::size_t reconcile_peers_max = 3;      // exchanges this node starts at one time
  std::size_t serve_peers_max = 8;          // ranges it serves at one time; above: told "busy"
  std::size_t range_bytes_max = 1u << 20;   // of one page, of a range or a join: see PageSize
  std::size_t range_changes_max = 2'000;
  std::size_t apply_bytes_max = 16u << 20;  // handed to the replica and not yet stored; above:
                                            // dropped, forgotten, fetched again
  std::size_t join_serve_max = 4;           // peers that join our state at one time; above: "busy"
  base::Duration join_store_timeout = base::seconds(300);  // the replica's next step, a merge too
  base::Duration exchange_timeout = base::seconds(10);  // without progress: given up, tried again

  // What cannot work, said before it runs: times with which no probe could ever fail or succeed.
  base::Status check() const;
};

}  // namespace gossip
