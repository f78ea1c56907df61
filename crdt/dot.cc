#include "crdt/dot.h"

namespace crdt {

std::string Dot::text() const {
  std::string out = actor.hex();
  out += ':';
  out += std::to_string(seq);
  out += ':';
  out += std::to_string(index);
  return out;
}

}  // namespace crdt
