#include "gossip/wire/presence.h"

namespace gossip::wire {

void write_fields(crdt::codec::Writer& out, const Presence& presence) {
  out.binary(presence.origin.view())
      .number(presence.version)
      .text(presence.topic)
      .text(presence.key)
      .number(presence.life)
      .binary(presence.body);
}

Presence read_presence(crdt::codec::Reader& in) {
  Presence presence;
  presence.origin = in.id<NodeId>();
  presence.version = in.number();
  presence.topic = in.text(kPresenceNameMax);
  presence.key = in.text(kPresenceNameMax);
  presence.life = in.number(kPresenceMillisMax);
  presence.body = in.binary(kPresenceBytesMax);
  const std::size_t bytes = presence.topic.size() + presence.key.size() + presence.body.size();
  const bool ended_with_body = presence.life == 0 && !presence.body.empty();
  if (presence.topic.empty() || presence.key.empty() || bytes > kPresenceBytesMax ||
      ended_with_body) {
    in.fail();
  }
  return presence;
}

}  // namespace gossip::wire
