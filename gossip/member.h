#pragma once

// What is known of a member, and what travels about it.

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
// What peers accept as the name of a member; a daemon checks its own before it uses it.
bool is_member_name(std::string_view name);

// What a member says of itself, and others repeat. A higher incarnation wins; only the subject
// raises it, once a start and to refute.
struct MemberRecord {
  NodeId node;
  std::string name;
  Address address;  // as advertised
  std::uint64_t incarnation = 0;
  MemberState state = MemberState::kAlive;
  Topology topology = Topology::kDirect;
  NodeId accuser{};  // of a suspect or dead one: who said so, zero if it is not known
  // The start of the process that speaks as this node: random, drawn at every start, 0 if it is not
  // known. Two of one boot epoch are two processes under one node id (docs/protocol.md, Twins).
  std::uint64_t start = 0;
  bool operator==(const MemberRecord&) const = default;
};

// A row of GET /v1/members.
struct MemberView {
  MemberRecord record;
  std::optional<base::Duration> rtt;
  std::optional<std::uint64_t> vector_lag;  // changes the member lacks, as far as known
  bool in_step = false;                     // its state equals ours, by its last word
  base::Instant heard;                      // last authenticated datagram or frame
  bool udp_blocked = false;  // answers over sessions only: its datagrams or ours are lost
  bool tcp_blocked = false;  // answers by datagram only: no session opens, either way
  bool unreachable = false;  // we have heard nobody for long; our own view, told to no one
  bool met = false;          // heard by this agent itself since it started
  std::optional<std::uint64_t> behind;  // changes of the member that we lack, as far as known

  // Known from the file of an earlier run alone: neither heard since, nor spoken of by others.
  bool remembered() const {
    return record.state == MemberState::kDead && record.incarnation == 0 && !met;
  }
};

// Whether this agent hears anybody.
struct Hearing {
  base::Instant since;     // when a member that has not left was last heard; before the first: zero
  bool met = false;        // one was heard since the start
  std::size_t others = 0;  // known members that have not left
};

}  // namespace gossip
