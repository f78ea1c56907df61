#include "crdt/dot.h"

#include <charconv>

#include "crdt/base/bytes.h"

namespace crdt {

std::string Dot::text() const {
  std::string out = actor.hex();
  out += ':';
  out += std::to_string(seq);
  out += ':';
  out += std::to_string(index);
  return out;
}

std::optional<Dot> Dot::from_text(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == text.npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  if (second == text.npos) return std::nullopt;
  const auto bytes = base::from_hex(text.substr(0, first));
  const auto actor = bytes ? ActorId::from(*bytes) : std::nullopt;
  Dot dot;
  const auto read = [&](std::size_t from, std::size_t to, auto& number) {
    const char* end = text.data() + to;
    const auto result = std::from_chars(text.data() + from, end, number);
    return result.ec == std::errc() && result.ptr == end;
  };
  if (!actor || !read(first + 1, second, dot.seq) || !read(second + 1, text.size(), dot.index)) {
    return std::nullopt;
  }
  dot.actor = *actor;
  return dot;
}

}  // namespace crdt
