#include "crdt/digest.h"

namespace crdt {
namespace {

constexpr char kVectorTag = 'V';

}  // namespace

void Digest::add(const Digest& other) {
  low += other.low;
  high += other.high + (low < other.low ? 1 : 0);
}

void Digest::subtract(const Digest& other) {
  std::uint64_t borrow = low < other.low ? 1 : 0;
  low -= other.low;
  high -= other.high + borrow;
}

std::string Digest::hex() const { return base::to_hex(bytes()); }

base::Bytes Digest::bytes() const {
  base::Bytes out;
  out.reserve(16);
  base::append_be64(out, high);
  base::append_be64(out, low);
  return out;
}

Digest Digest::of(base::BytesView element) {
  base::Hash128 hash = base::hash128(element);
  const char* at = reinterpret_cast<const char*>(hash.data());
  return {base::read_be64(at), base::read_be64(at + 8)};
}

std::optional<Digest> Digest::from(base::BytesView sixteen) {
  if (sixteen.size() != 16) return std::nullopt;
  return Digest{base::read_be64(sixteen.data()), base::read_be64(sixteen.data() + 8)};
}

Digest vector_element(const ActorId& actor, const Head& head) {
  base::Bytes element;
  element.reserve(1 + ActorId::kSize + 16);
  element.push_back(kVectorTag);
  element.append(actor.view());
  base::append_be64(element, head.seq);
  base::append_be64(element, head.hash);
  return Digest::of(element);
}

Digest vector_digest(const VersionVector& vector) {
  Digest sum;
  for (const auto& [actor, head] : vector.entries()) sum.add(vector_element(actor, head));
  return sum;
}

StateHash state_hash(const Digest& vector, const Digest& cells) { return {vector.low, cells.low}; }

}  // namespace crdt
