#pragma once

// The message that tells of one presence: a small text that a client shows to the mesh for at most
// 30 s and that nobody stores. A later one of the same origin, topic and key has a higher version
// and replaces it. Each bound below is checked when the message is read.

#include <cstdint>
#include <string>

#include "crdt/codec.h"
#include "gossip/member.h"

namespace gossip::wire {

inline constexpr std::size_t kPresenceNameMax = 128;  // bytes of a topic or a key, at least 1
// Topic, key and body together, so that one message fits a datagram of the default size.
inline constexpr std::size_t kPresenceBytesMax = 1'024;
inline constexpr std::uint64_t kPresenceMillisMax = 30'000;

struct Presence {
  NodeId origin;
  std::uint64_t version = 0;  // boot epoch of the origin times 2^32, and a count within its start
  std::string topic;          // UTF-8
  std::string key;            // UTF-8
  // Milliseconds that are left of its life when this message is sent. 0: it has ended; then the
  // body is empty.
  std::uint64_t life = 0;
  base::Bytes body;  // opaque here
  bool operator==(const Presence&) const = default;
};

// The fields of the message, without its type.
inline constexpr std::size_t kPresenceFields = 6;
void write_fields(crdt::codec::Writer& out, const Presence& presence);
Presence read_presence(crdt::codec::Reader& in);

}  // namespace gossip::wire
