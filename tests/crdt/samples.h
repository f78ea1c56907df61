#pragma once

// Short names for the dots, cells and ids of tests.

#include <string>

#include "crdt/cell.h"

namespace crdt::samples {

inline ActorId actor(unsigned char fill) {
  ActorId id;
  id.bytes.fill(fill);
  return id;
}
inline NodeId node(unsigned char fill) {
  NodeId id;
  id.bytes.fill(fill);
  return id;
}
inline const ActorId kA = actor(0x0A);
inline const ActorId kZ = actor(0xF0);

inline Stamp stamp(std::int64_t nanos, std::uint32_t counter = 0, std::string writer = {}) {
  return {{nanos, counter}, std::move(writer)};
}
inline Cell put(Dot dot, Stamp at, std::string body = {}) {
  return {dot, EffectKind::kPut, std::move(at), std::move(body)};
}
// `count` bytes from hexadecimal text.
inline base::Bytes hex(std::string_view text) { return base::from_hex(text).value(); }

}  // namespace crdt::samples
