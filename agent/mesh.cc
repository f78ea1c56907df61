#include "agent/mesh.h"

#include <algorithm>

#include "agent/clock.h"
#include "agent/translate.h"

namespace agent {

base::Result<std::unique_ptr<Mesh>> Mesh::open(uv_loop_t* loop, const MeshOptions& options,
                                               const MeshSelf& self, base::Random random,
                                               Hooks hooks) {
  RETURN_IF_ERROR(options.node.check());
  std::unique_ptr<Mesh> mesh(new Mesh(std::move(hooks)));
  Mesh* raw = mesh.get();
  transport::Handlers handlers;
  handlers.on_datagram = [raw](const gossip::Address& from, base::BytesView datagram) {
    raw->tell(&gossip::Node::receive, from, datagram);
  };
  handlers.on_frame = [raw](const base::NodeId& from, base::BytesView message) {
    raw->tell(&gossip::Node::receive_frame, from, message);
  };
  handlers.on_session_closed = [raw](const base::NodeId& peer, bool opened) {
    raw->tell(&gossip::Node::session_closed, peer, opened);
  };
  handlers.is_member = [raw](const gossip::Address& from) {
    return raw->node_ && raw->node_->is_member_at(from);
  };
  gossip::wire::SessionSeal::Identity session{
      self.node, gossip::wire::SigningKey::from_seed(self.signing_seed)};
  base::Random transport_random = random.fork();
  ASSIGN_OR_RETURN(mesh->transport_,
                   transport::Transport::open(loop, options.bind, options.transport, self.key,
                                              session, transport_random, std::move(handlers)));
  gossip::Identity identity;
  identity.node = self.node;
  identity.name = options.name;
  identity.advertised = options.advertise.is_zero() ? raw->bound() : options.advertise;
  if (identity.advertised.port == 0) identity.advertised.port = raw->bound().port;
  identity.advertised = mesh->advertised_ = identity.advertised.without_scope();
  identity.key = self.key;
  identity.boot_epoch = self.boot_epoch;
  identity.fresh = self.fresh;
  mesh->node_ =
      std::make_unique<gossip::Node>(identity, options.node, self.held, std::move(random));
  mesh->timer_ = new uv_timer_t;
  uv_timer_init(loop, mesh->timer_);
  mesh->timer_->data = raw;
  raw->drive([](gossip::Node&, base::Now, gossip::Actions&) {});
  return mesh;
}

Mesh::~Mesh() = default;

void Mesh::drive(const std::function<void(gossip::Node&, base::Now, gossip::Actions&)>& call) {
  if (!node_ || !timer_) return;  // a datagram may come before the node exists or after close()
  gossip::Actions actions;
  base::Now now = read_clock();
  call(*node_, now, actions);
  if (node_->next_deadline() <= now.instant) node_->advance(now, actions);
  act(actions);
  schedule();
}

base::Status Mesh::set_presence(const std::string& topic, const std::string& key,
                                base::Bytes body) {
  base::Status set;
  drive([&](gossip::Node& node, base::Now now, gossip::Actions& out) {
    set = node.set_presence(now, topic, key, std::move(body), out);
  });
  return set;
}

bool Mesh::drop_presence(const std::string& topic, const std::string& key) {
  bool dropped = false;
  drive([&](gossip::Node& node, base::Now now, gossip::Actions& out) {
    dropped = node.drop_presence(now, topic, key, out);
  });
  return dropped;
}

void Mesh::act(gossip::Actions& actions) {
  for (gossip::Action& action : actions) {
    if (auto* datagram = std::get_if<gossip::SendDatagram>(&action)) {
      transport_->send_datagram(datagram->to, datagram->bytes);
    } else if (auto* frame = std::get_if<gossip::SendFrame>(&action)) {
      transport_->send_frame(frame->to, frame->address, std::move(frame->message));
    } else if (auto* fetch = std::get_if<gossip::Fetch>(&action)) {
      hooks_.fetch(std::move(*fetch));
    } else if (auto* up = std::get_if<gossip::MemberUp>(&action)) {
      hooks_.member(up->member, true);
    } else if (auto* down = std::get_if<gossip::MemberDown>(&action)) {
      hooks_.member(down->member, false);
    } else if (auto* twin = std::get_if<gossip::TwinHeard>(&action)) {
      hooks_.twin(*twin);
    } else if (auto* held = std::get_if<gossip::HeldBy>(&action)) {
      hooks_.held(*held);
    } else {
      if (auto input = input_of(action)) hooks_.input(std::move(*input));
    }
  }
}

void Mesh::schedule() {
  if (!timer_) return;
  base::Instant deadline = node_->next_deadline();
  if (deadline == base::Instant::never()) return;
  base::Duration wait = deadline - read_clock().instant;
  // Rounded up: if it woke too early, the node would have nothing to do and the loop would spin.
  auto millis =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, (wait.nanos + 999'999) / 1'000'000));
  uv_timer_start(
      timer_,
      [](uv_timer_t* timer) {
        static_cast<Mesh*>(timer->data)->drive([](gossip::Node&, base::Now, gossip::Actions&) {});
      },
      millis, 0);
}

void Mesh::close(std::function<void()> closed) {
  uv_close(reinterpret_cast<uv_handle_t*>(timer_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  timer_ = nullptr;
  transport_->close(std::move(closed));
}

}  // namespace agent
