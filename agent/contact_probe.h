#pragma once

// Asks what is at an address: connects, sends the first message of a session under our mesh key,
// and goes by what comes. It never sends the third message, so no session comes of it and nobody
// learns who asked; the identity that belongs to it is made up. For people who wonder why nobody
// answers; the protocol does not depend on it. Loop thread only.

#include <uv.h>

#include <functional>
#include <set>

#include "agent/contact.h"
#include "crdt/base/random.h"
#include "gossip/address.h"
#include "gossip/wire/session_seal.h"

namespace agent {

inline constexpr std::size_t kContactsAtOnceMax = 32;   // above: kNotAsked at once
inline constexpr std::uint64_t kContactMillis = 2'000;  // without an answer: kNoAnswer

class ContactProbe {
 public:
  using Told = std::function<void(Contact)>;

  // `self`: who answers under this id is kOurselves.
  ContactProbe(uv_loop_t* loop, const gossip::wire::MeshKey& key, const base::NodeId& self,
               base::Random random);
  ~ContactProbe();  // close() must have been called and the loop run

  // `told` is called once, from the loop or at once; not after close(). An agent that answers is
  // kSilentUdp (nobody asks one that is heard) or kOurselves.
  void ask(const gossip::Address& address, Told told);
  void close();

 private:
  struct Asking;

  uv_loop_t* loop_;
  gossip::wire::MeshKey key_;
  base::NodeId self_;
  base::Random random_;
  std::set<Asking*> asking_;
  bool closed_ = false;
};

}  // namespace agent
