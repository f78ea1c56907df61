#pragma once

// Finds out what is at an address. It connects, sends the first message of a session under our mesh
// key, and looks at the answer. It never sends the third message, so no session begins, and the
// other side does not learn who asked: the identity is made up. It helps people to find out why
// nobody answers; the protocol does not depend on it. Loop thread only.

#include <uv.h>

#include <functional>
#include <set>

#include "agent/contact.h"
#include "crdt/base/random.h"
#include "gossip/address.h"
#include "gossip/wire/session_seal.h"

namespace agent {

inline constexpr std::size_t kContactsAtOnceMax = 32;   // above: the answer is kNotAsked at once
inline constexpr std::uint64_t kContactMillis = 2'000;  // without an answer for so long: kNoAnswer

class ContactProbe {
 public:
  using Told = std::function<void(Contact)>;

  // `self`: our node id. If it answers, the result is kOurselves.
  ContactProbe(uv_loop_t* loop, const gossip::wire::MeshKey& key, const base::NodeId& self,
               base::Random random);
  ~ContactProbe();  // close() must have been called and the loop have run

  // `told` is called once, either inside this call or later from the loop. It is not called after
  // close(). An agent that answers gives kOurselves or kSilentUdp, because we probe only when we
  // hear nobody.
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
