#pragma once

// What handlers may ask of the mesh, and have it do.
// All calls come from the loop thread and are answered on it.

#include <functional>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "gossip/member.h"

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
  // Asks the agent at "HOST:PORT" to let this one join. `done` gets its answer, or after some
  // seconds that none came.
  virtual void join(const std::string& address,
                    std::function<void(const base::Result<Joined>&)> done) = 0;
  virtual void leave() = 0;
};

}  // namespace agent
