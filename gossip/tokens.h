#pragma once

// Tokens that prove life. Whoever returns one was live after we sent it. Nothing is stored for a
// token: it is a hash, under a secret of this process, of the time and of who may return it, and it
// is checked by computing it again (the cookie of WireGuard and DTLS). So however many datagrams of
// starts that we do not know arrive, answering them takes no memory and uses up nothing that others
// need. A token holds for kTokenLife at most and half of that at least.

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
  // The first bytes of a node id, as in the nonce of a datagram. Zeros: we asked an address.
  using Prefix = std::array<unsigned char, 8>;

  explicit Tokens(base::Random random);

  // Of a question that we ask unasked: any start of the member may return it, from any address.
  std::uint64_t ask(base::Instant now, const Prefix& member) const;
  // Of the answer to a datagram of an unknown start: that start alone may return it, from there.
  std::uint64_t answer(base::Instant now, const Address& from,
                       const wire::DatagramSeal::Opened& datagram) const;
  // Whether `token`, which came in `datagram`, is one of the two above and still holds.
  bool holds(base::Instant now, const Address& from, const wire::DatagramSeal::Opened& datagram,
             std::uint64_t token) const;

 private:
  std::uint64_t hash(char kind, std::int64_t slot, base::BytesView who) const;

  base::Bytes secret_;
};

}  // namespace gossip
