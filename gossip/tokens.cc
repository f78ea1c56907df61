#include "gossip/tokens.h"

#include "crdt/base/hash.h"

namespace gossip {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr char kAsked = 'a';
constexpr char kAnswered = 'b';
constexpr Tokens::Prefix kAnyone{};

// Time is divided into slots of half a token life. A token is valid in its own slot and in the next
// one.
std::int64_t slot_of(base::Instant now) { return now.nanos / (kTokenLife.nanos / 2); }

base::BytesView view(const std::array<unsigned char, 8>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

base::Bytes start_at(const Address& from, const wire::DatagramSeal::Opened& datagram) {
  base::Bytes who(view(datagram.sender));
  who += view(datagram.start);
  who += from.bytes();
  return who;
}

}  // namespace

Tokens::Tokens(base::Random random) : secret_(random.bytes(kSecretBytes)) {}

std::uint64_t Tokens::ask(base::Instant now, const Prefix& member) const {
  return hash(kAsked, slot_of(now), view(member));
}

std::uint64_t Tokens::answer(base::Instant now, const Address& from,
                             const wire::DatagramSeal::Opened& datagram) const {
  return hash(kAnswered, slot_of(now), start_at(from, datagram));
}

bool Tokens::holds(base::Instant now, const Address& from,
                   const wire::DatagramSeal::Opened& datagram, std::uint64_t token) const {
  base::Bytes start = start_at(from, datagram);
  for (std::int64_t slot : {slot_of(now), slot_of(now) - 1}) {
    if (token == hash(kAnswered, slot, start)) return true;
    if (token == hash(kAsked, slot, view(datagram.sender))) return true;
    if (token == hash(kAsked, slot, view(kAnyone))) return true;
  }
  return false;
}

std::uint64_t Tokens::hash(char kind, std::int64_t slot, base::BytesView who) const {
  base::Bytes bytes = secret_;
  bytes.push_back(kind);
  base::append_be64(bytes, static_cast<std::uint64_t>(slot));
  bytes += who;
  auto digest = base::hash128(bytes);
  // The top bit makes every token nine bytes long when encoded, so that an answer is never larger
  // than its question.
  return base::read_be64(reinterpret_cast<const char*>(digest.data())) | std::uint64_t{1} << 63;
}

}  // namespace gossip
