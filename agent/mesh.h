#pragma once

// Runs `gossip::Node` with real time and real sockets. It passes messages that arrive to the node,
// performs the actions that the node returns, and calls it at its deadline. It makes no decisions.
// Loop thread only.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/replica/requests.h"
#include "gossip/node.h"
#include "gossip/transport/transport.h"

namespace agent {

struct MeshOptions {
  gossip::Address bind;
  gossip::Address advertise;  // zero: the bound address
  std::string name;
  gossip::Options node;
  transport::Options transport;
};

// The identity of this agent in the mesh, and what it holds at the start.
struct MeshSelf {
  base::NodeId node;
  base::Bytes signing_seed;
  gossip::wire::MeshKey key;
  std::uint64_t boot_epoch = 0;
  bool fresh = false;  // this start has chosen `node`
  gossip::Holdings held;
};

class Mesh {
 public:
  // What the data side must do, and what the driver reports.
  struct Hooks {
    std::function<void(Input)> input;
    std::function<void(gossip::Fetch)> fetch;
    std::function<void(const gossip::MemberRecord&, bool up)> member;
    std::function<void(const gossip::TwinHeard&)> twin;
    std::function<void(const gossip::HeldBy&)> held;
  };
  static base::Result<std::unique_ptr<Mesh>> open(uv_loop_t* loop, const MeshOptions& options,
                                                  const MeshSelf& self, base::Random random,
                                                  Hooks hooks);
  ~Mesh();  // close() must have finished

  // Passes an event to the node, with the present time, and performs the actions that it returns.
  // Example: tell(&gossip::Node::stored, facts).
  template <typename Event, typename... Arguments>
  void tell(Event event, Arguments&&... arguments) {
    drive([&](gossip::Node& node, base::Now now, gossip::Actions& out) {
      std::invoke(event, node, now, std::forward<Arguments>(arguments)..., out);
    });
  }
  base::Status set_presence(const std::string& topic, const std::string& key, base::Bytes body);
  bool drop_presence(const std::string& topic, const std::string& key);
  void topology(gossip::Topology topology) { node_->topology(topology); }
  void own_actor(const base::ActorId& actor) { node_->own_actor(actor); }
  void close(std::function<void()> closed);

  gossip::Address bound() const { return transport_->bound(); }
  // The address that others are told, without a scope. It is the any-address if neither `bind` nor
  // `advertise` names one.
  const gossip::Address& advertised() const { return advertised_; }
  const gossip::Node& node() const { return *node_; }
  const transport::Stats& transport_stats() const { return transport_->stats(); }

 private:
  explicit Mesh(Hooks hooks) : hooks_(std::move(hooks)) {}
  // Calls the node, performs the actions that it returns, and sets the timer to its next deadline.
  void drive(const std::function<void(gossip::Node&, base::Now, gossip::Actions&)>& call);
  void act(gossip::Actions& actions);
  void schedule();

  Hooks hooks_;
  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<gossip::Node> node_;
  gossip::Address advertised_;
  uv_timer_t* timer_ = nullptr;
};

}  // namespace agent
