#pragma once

// Tokens that prove that a node is live: a node that returns one was live after we sent it. We
// store nothing for a token. It is a hash of the time and of the node that may return it, under a
// secret of this process. We check it by computing it again (the cookie of WireGuard and DTLS). So
// answers to unknown starts use no memory and nothing that others need, however many datagrams
// arrive. A token is valid for at most kTokenLife and at least half of it.

#include <array>
#include <cstdint>

#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "gossip/address.h"
#include "gossip/wire/seal.h"

namespace gossip {

inline constexpr base::Duration kTokenLife = base::seconds(10);

class Tokens {
 public:
  // The first bytes of a node id, as in the nonce of a datagram. Zeros: the token is for any node
  // at an address.
  using Prefix = std::array<unsigned char, 8>;

  explicit Tokens(base::Random random);

  // The token of a challenge that we send first. Any start of the member may return it, from any
  // address.
  std::uint64_t ask(base::Instant now, const Prefix& member) const;
  // The token in an answer to a datagram of an unknown start. Only that start may return it, from
  // the same address.
  std::uint64_t answer(base::Instant now, const Address& from,
                       const wire::DatagramSeal::Opened& datagram) const;
  // True if `token`, which came in `datagram`, is one of the two above and is still valid.
  bool holds(base::Instant now, const Address& from, const wire::DatagramSeal::Opened& datagram,
             std::uint64_t token) const;

 private:
  std::uint64_t hash(char kind, std::int64_t slot, base::BytesView who) const;

  base::Bytes secret_;
};

}  // namespace gossip
