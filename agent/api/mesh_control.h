#pragma once

// What handlers may ask of the mesh, and have it do.
// All calls come from the loop thread and are answered on it.

#include <functional>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/base/time.h"
#include "crdt/dot.h"
#include "gossip/member.h"
#include "gossip/presence_view.h"

namespace agent {

struct Joined {
  bool joined = false;
  std::string cause;   // if not joined: a word for programs (agent/contact.h)
  std::string reason;  // if not joined: a sentence for people
};

class MeshControl {
 public:
  virtual ~MeshControl() = default;

  virtual std::vector<gossip::MemberView> members() const = 0;
  // Why this agent is isolated; empty when it is not (agent/isolation.h).
  virtual std::string isolated() const = 0;
  virtual std::string without_peers() const = 0;  // why none is heard; empty: one is heard
  // The names of the other agents that hold a change of ours on their medium. Asks them until
  // `wanted` hold it or `within` is over; `done` is then called once, from the loop, with those
  // that are known. Without time it names those that are known already. Example: with wanted 2 and
  // one of three agents stopped, `done` gets one name after `within`.
  virtual void await_holders(const crdt::Dot& dot, std::size_t wanted, base::Duration within,
                             std::function<void(std::vector<std::string>)> done) = 0;
  // Asks the agent at "HOST:PORT" to let this one join. `done` gets its answer, or after some
  // seconds that none came.
  virtual void join(const std::string& address,
                    std::function<void(const base::Result<Joined>&)> done) = 0;
  virtual void leave() = 0;
  // Presences: gossip::Node says what these three promise.
  virtual base::Status set_presence(const std::string& topic, const std::string& key,
                                    base::Bytes body) = 0;
  virtual bool drop_presence(const std::string& topic, const std::string& key) = 0;
  virtual std::vector<gossip::PresenceView> presences(const std::string& topic) const = 0;
};

}  // namespace agent
