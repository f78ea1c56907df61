#include "gossip/member.h"

#include <algorithm>

#include "crdt/base/bytes.h"

namespace gossip {

std::string_view state_name(MemberState state) {
  switch (state) {
    case MemberState::kAlive:
      return "alive";
    case MemberState::kSuspect:
      return "suspect";
    case MemberState::kDead:
      return "dead";
    case MemberState::kLeft:
      return "left";
  }
  return "unknown";
}

std::string_view topology_name(Topology topology) {
  switch (topology) {
    case Topology::kDirect:
      return "direct";
    case Topology::kPushPull:
      return "push-pull";
    case Topology::kGossip:
      return "gossip";
    case Topology::kTree:
      return "tree";
  }
  return "unknown";
}

std::optional<Topology> topology_from_name(std::string_view name) {
  for (auto topology :
       {Topology::kDirect, Topology::kPushPull, Topology::kGossip, Topology::kTree}) {
    if (topology_name(topology) == name) return topology;
  }
  return std::nullopt;
}

bool is_member_name(std::string_view name) {
  if (name.size() > kNameMax || !base::is_utf8(name)) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    // U+0080 to U+009F, the C1 controls: terminals obey some of them.
    if (byte == 0xC2 && static_cast<unsigned char>(name[i + 1]) < 0xA0) return false;
  }
  return true;
}

}  // namespace gossip
