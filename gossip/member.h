#pragma once

// What is known of a member, and the part of it that is sent to others.

#include <cstdint>
#include <optional>
#include <string>

#include "crdt/base/strong.h"
#include "crdt/base/time.h"
#include "gossip/address.h"

namespace gossip {

enum class MemberState : std::uint8_t { kAlive = 1, kSuspect = 2, kDead = 3, kLeft = 4 };
std::string_view state_name(MemberState state);  // "alive"

enum class Topology : std::uint8_t { kDirect = 1, kPushPull = 2, kGossip = 3, kTree = 4 };
std::string_view topology_name(Topology topology);  // "push-pull"
std::optional<Topology> topology_from_name(std::string_view name);

inline constexpr std::size_t kNameMax = 64;  // bytes of UTF-8, no control characters
// What peers accept as the name of a member. An agent checks its own name with this before it uses
// it.
bool is_member_name(std::string_view name);

// What a member says of itself and others pass on. A higher incarnation wins. Only the member
// itself raises it: at every start, to contradict a suspicion, and when its topology changes.
struct MemberRecord {
  NodeId node;
  std::string name;
  Address address;  // as advertised
  std::uint64_t incarnation = 0;
  MemberState state = MemberState::kAlive;
  Topology topology = Topology::kDirect;
  NodeId accuser{};  // of a suspect or dead member: the accuser; zero if not known
  // The start of the process that runs as this node: drawn at random at every start, 0 if not
  // known. Two starts in one boot epoch are two processes with one node id (docs/protocol.md,
  // Twins).
  std::uint64_t start = 0;
  bool operator==(const MemberRecord&) const = default;
};

// A row of GET /v1/members.
struct MemberView {
  MemberRecord record;
  std::optional<base::Duration> rtt;
  std::optional<std::uint64_t> vector_lag;  // changes that the member lacks, as far as known
  bool in_step = false;                     // its last state hash equals ours
  base::Instant heard;                      // last authenticated datagram or frame
  bool udp_blocked = false;                 // answers over sessions only: datagrams are lost
  bool tcp_blocked = false;             // answers by datagram only: no session opens, either way
  bool unreachable = false;             // we have heard nobody for long; only we see this
  bool met = false;                     // this agent has heard it itself since it started
  std::optional<std::uint64_t> behind;  // changes of the member that we lack, as far as known

  // Known only from the file of an earlier run: not heard since, and no other member has spoken of
  // it.
  bool remembered() const {
    return record.state == MemberState::kDead && record.incarnation == 0 && !met;
  }
};

// Whether this agent hears anybody.
struct Hearing {
  base::Instant since;     // when a member that has not left was last heard; zero: never
  bool met = false;        // at least one was heard since the start
  std::size_t others = 0;  // known members that have not left
  std::size_t left = 0;    // known members that have left
};

}  // namespace gossip
