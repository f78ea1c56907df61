#include "gossip/node.h"

#include <algorithm>
#include <cstring>

#include "crdt/base/check.h"
#include "gossip/node_impl.h"

namespace gossip {
namespace {

MemberRecord own_record(const Identity& self, const Options& options, const wire::StartId& start) {
  // The epoch makes the record of a restart beat everything that was said of its past.
  return {self.node,
          self.name,
          self.advertised,
          self.boot_epoch << 16,
          MemberState::kAlive,
          options.topology,
          {},
          wire::start_number(start)};
}

wire::StartId draw_start(base::Random& random) {
  wire::StartId start{};
  base::Bytes drawn = random.bytes(start.size());
  std::memcpy(start.data(), drawn.data(), start.size());
  return start;
}

}  // namespace

Node::Impl::Impl(Identity identity, const Options& given, const Holdings& held, base::Random chance)
    : self(std::move(identity)),
      options(given),
      random(chance),
      start(draw_start(random)),
      seal(self.key, self.node, start),
      peers(options, random.fork()),
      box(options.datagram_bytes_max),
      claims(held),
      membership(own_record(self, options, start), options, peers, random.fork(), stats),
      intake(options, claims, stats),
      reconciler(options, membership.table(), claims, intake, random.fork(), stats),
      server(options, claims, membership.table(), stats),
      snapshots(options, membership.table(), stats),
      holders(membership.table(), claims),
      relays(self.node, options, datagram_room(), random.fork()),
      watch(options.profile),
      presences(self.node, self.boot_epoch, options, stats) {
  membership.claim(claims.state(), claims.position());
  set_strategy();
}

std::size_t Node::Impl::datagram_room() const {
  return wire::Packer::message_bytes_max(options.datagram_bytes_max);
}

void Node::Impl::set_strategy() {
  strategy = make_strategy(self.node, options, datagram_room(), random.fork());
  CHECK(strategy != nullptr);
}

// --- Pushes --------------------------------------------------------------------------------------

void Node::Impl::push(base::Instant now, const std::vector<crdt::SealedChange>& own, Actions& out) {
  if (own.empty() || membership.has_left()) return;
  PushPlan plan = strategy->originate(own, Recipients(membership.table()));
  stats.pushes_sent += send(plan, out);
  if (!strategy->relies_on_relays() || plan.targets.empty()) return;
  if (watch.add(now, plan)) {
    question(now, plan);
  } else {
    ++stats.pushes_unwatched;
  }
}

// Repeats pushes of which too few targets have been heard.
void Node::Impl::push_again(base::Instant now, Actions& out) {
  for (const PushPlan& plan : watch.due(now, membership.table())) {
    stats.pushes_repeated += send(plan, out);
    question(now, plan);
  }
}

// Pings all targets of a push. What was heard before the push proves nothing.
void Node::Impl::question(base::Instant now, const PushPlan& plan) {
  for (const Target& to : plan.targets) membership.ping(now, *to.node, box);
}

// Relays changes that are new to us, before their commit (rule 3).
void Node::Impl::relay(const std::vector<crdt::Opened>& changes, const NodeId& giver,
                       Actions& out) {
  std::vector<const crdt::SealedChange*> fresh;
  for (const crdt::Opened& opened : changes) fresh.push_back(&opened.sealed);
  if (!relays.may_relay(fresh)) {
    stats.relays_dropped += fresh.size();
    return;
  }
  // The plan holds the changes encoded: `changes` may be part of `out`, which grows from here on.
  PushPlan plan = relays.relay(fresh, giver, Recipients(membership.table()));
  stats.pushes_relayed += send(plan, out);
}

// Returns the number of changes times the number of targets.
std::size_t Node::Impl::send(const PushPlan& plan, Actions& out) {
  if (plan.targets.empty()) return 0;
  std::size_t sent = 0;
  for (const PushBatch& batch : plan.batches) {
    sent += batch.changes * plan.targets.size();
    if (!batch.fits_datagram) {
      for (const Target& to : plan.targets) {
        out.push_back(SendFrame{*to.node, to.address, batch.message});
      }
      continue;
    }
    base::Bytes plain = wire::encode_packet(self.node, self.boot_epoch, {batch.message});
    for (const Target& to : plan.targets) send(to.address, seal.seal(plain, &*to.node), out);
  }
  return sent;
}

// One round. A member that gets no datagrams gets the messages over its session. An origin gets
// none of its own.
void Node::Impl::tell_presences(base::Instant now, Actions& out) {
  if (!presences.due(now)) return;
  const MemberTable& table = membership.table();
  std::vector<NodeId> chosen;
  Recipients(table).draw(options.news_targets, nullptr, random, chosen);
  const auto messages = presences.round(now, chosen.size(), table.living().size());
  for (const NodeId& node : chosen) {
    const bool by_session = table.find(node)->udp_blocked;
    for (const wire::Presence& message : messages) {
      if (message.origin == node) continue;
      base::Bytes encoded = wire::encode(message);
      ++stats.presences_sent;
      stats.presence_bytes_sent += encoded.size();
      if (by_session || encoded.size() > datagram_room()) {
        out.push_back(SendFrame{node, table.address_of(node), std::move(encoded)});
      } else {
        box.add({table.address_of(node), node}, message);
      }
    }
  }
}

// --- Sending and time ----------------------------------------------------------------------------

void Node::Impl::send(const Address& to, base::Bytes sealed, Actions& out) {
  ++stats.datagrams_sent;
  stats.bytes_sent += sealed.size();
  out.push_back(SendDatagram{to, std::move(sealed)});
}

// Every call of Node that can lead to actions ends with this: first the repairs that are due, then
// everything gathered is sealed. `first` is the index of this call's first action.
void Node::Impl::finish(base::Instant now, std::size_t first, Actions& out) {
  judge_twins(now, first, out);
  std::vector<NodeId> gone;
  for (std::size_t i = first; i < out.size(); ++i) {
    if (const auto* down = std::get_if<MemberDown>(&out[i])) gone.push_back(down->member.node);
  }
  for (const NodeId& node : gone) {
    reconciler.gone(now, node, out);
    presences.origin_gone(now, node);
  }
  if (!membership.has_left()) {
    std::vector<NodeId> ping;
    reconciler.advance(now, ping, out);
    for (const NodeId& node : ping) membership.ping(now, node, box);
    tell_presences(now, out);
  }
  compress(first, out);
  for (Outbox::Packet& packet : box.take()) {
    base::Bytes plain = packet.brief ? packet.messages.take({}, 0)
                                     : packet.messages.take(self.node, self.boot_epoch);
    const NodeId* node = packet.to.node ? &*packet.to.node : nullptr;
    send(packet.to.address, seal.seal(plain, node), out);
  }
}

// The frames of one push to many targets follow each other, so its bytes are compressed once.
void Node::Impl::compress(std::size_t first, Actions& out) {
  for (std::size_t i = first; i < out.size();) {
    auto* frame = std::get_if<SendFrame>(&out[i++]);
    if (frame == nullptr) continue;
    std::size_t behind = i;
    for (; behind < out.size(); ++behind) {
      const auto* next = std::get_if<SendFrame>(&out[behind]);
      if (next == nullptr || next->message != frame->message) break;
    }
    frame->message = compressor.apply(std::move(frame->message));
    for (; i < behind; ++i) std::get<SendFrame>(out[i]).message = frame->message;
  }
}

// Within kTwinGap of another twin we do not act on a twin. We report once that one was heard, and
// has_twin() stays true while it is heard.
void Node::Impl::judge_twins(base::Instant now, std::size_t first, Actions& out) {
  for (std::size_t i = first; i < out.size(); ++i) {
    const auto* alarm = std::get_if<Alarm>(&out[i]);
    if (alarm == nullptr || alarm->kind != Alarm::Kind::kTwin) continue;
    if (!twin_from) twin_from = self.fresh ? now + kTwinGap : now;
    bool first_word = now - twin_heard > kTwinShown;
    twin_heard = now;
    if (now >= *twin_from) {
      twin_from = now + kTwinGap;
    } else if (first_word) {
      out[i] = TwinHeard{alarm->peer, *twin_from};
    } else {
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(i--));
    }
  }
}

// --- The node ------------------------------------------------------------------------------------

Node::Node(Identity self, const Options& options, const Holdings& held, base::Random random)
    : impl_(std::make_unique<Impl>(std::move(self), options, held, random)) {}
Node::~Node() = default;

void Node::seeds(base::Now now, std::vector<Address> seeds, Actions& out) {
  impl_->call(now, out,
              [&](Impl& node) { node.membership.seeds(now.instant, seeds, node.box, out); });
}

void Node::remember(base::Now now, const std::vector<MemberRecord>& members, Actions& out) {
  impl_->call(now, out, [&](Impl& node) { node.membership.remember(now.instant, members); });
}

void Node::leave(base::Now now, Actions& out) {
  impl_->call(now, out, [&](Impl& node) {
    node.membership.leave(node.box);
    node.watch.clear();
    node.presences.clear();
    node.reconciler.stop(now.instant, out);
  });
}

void Node::rejoin(base::Now now, Actions& out) {
  impl_->call(now, out, [&](Impl& node) { node.membership.rejoin(now.instant, node.box, out); });
}

void Node::topology(Topology topology) {
  if (topology == impl_->options.topology) return;
  impl_->options.topology = topology;
  impl_->set_strategy();
  impl_->membership.topology(topology);
}

void Node::receive(base::Now now, Address from, base::BytesView datagram, Actions& out) {
  impl_->call(now, out, [&](Impl& node) { node.receive(now.instant, from, datagram, out); });
}

void Node::receive_frame(base::Now now, const NodeId& from, base::BytesView message, Actions& out) {
  impl_->call(now, out, [&](Impl& node) { node.receive_frame(now.instant, from, message, out); });
}

void Node::session_closed(base::Now now, const NodeId& peer, bool opened, Actions& out) {
  impl_->call(now, out, [&](Impl& node) {
    node.membership.session_closed(peer, opened);
    node.reconciler.closed(now.instant, peer);
    node.server.closed(peer);
  });
}

// The order matters: what we claim goes into the pings of the push, and the reconciler asks the
// intake what is still under way.
void Node::stored(base::Now now, const Stored& facts, Actions& out) {
  impl_->call(now, out, [&](Impl& node) {
    node.claims.stored(now.instant, facts);
    node.membership.claim(node.claims.state(), node.claims.position());
    node.push(now.instant, facts.own, out);
    Intake::Finished finished = node.intake.stored(facts);
    node.reconciler.stored(now.instant, facts, finished, out);
  });
}

std::optional<std::uint64_t> Node::position_here(std::string_view short_id,
                                                 std::uint64_t theirs) const {
  return impl_->reconciler.positions().ours(short_id, theirs);
}

void Node::fetched(base::Now now, const Fetched& range, Actions& out) {
  impl_->call(now, out, [&](Impl& node) { node.server.fetched(range, out); });
}

void Node::snapshot_read(base::Now now, const SnapshotRead& read, Actions& out) {
  impl_->call(now, out, [&](Impl& node) { node.snapshots.read(now.instant, read, out); });
}

void Node::own_actor(const base::ActorId& actor) { impl_->claims.own_actor(actor); }

void Node::ask_holders(base::Now now, const HolderWish& wish, Actions& out) {
  impl_->call(now, out, [&](Impl& node) {
    node.holders.ask(now.instant, wish, known_holders(wish.actor, wish.seq), out);
  });
}

std::vector<NodeId> Node::known_holders(const base::ActorId& actor, std::uint64_t seq) const {
  std::vector<NodeId> nodes;
  if (!impl_->claims.claimed().covers(actor, seq)) return nodes;
  for (const NodeId& node : impl_->membership.table().living()) {
    if (impl_->reconciler.in_step(node)) nodes.push_back(node);
  }
  return nodes;
}

void Node::advance(base::Now now, Actions& out) {
  impl_->call(now, out, [&](Impl& node) {
    node.membership.advance(now.instant, node.box, out);
    node.push_again(now.instant, out);
    node.presences.advance(now.instant);
    node.server.advance(now.instant);
    node.snapshots.advance(now.instant);
    node.holders.advance(now.instant, node.box, out);
  });
}

base::Instant Node::next_deadline() const {
  base::Instant next = impl_->membership.next_deadline();
  if (!impl_->membership.has_left()) next = std::min(next, impl_->reconciler.next_deadline());
  next = std::min(next, impl_->watch.next_deadline());
  next = std::min(next, impl_->presences.next_deadline());
  next = std::min(next, impl_->snapshots.next_deadline());
  next = std::min(next, impl_->holders.next_deadline());
  return std::min(next, impl_->server.next_deadline());
}

base::Status Node::set_presence(base::Now now, const std::string& topic, const std::string& key,
                                base::Bytes body, Actions& out) {
  if (has_left()) {
    return base::Error{base::Code::kConflict,
                       "this agent has left the mesh and shows no presence; it joins again with "
                       "POST /v1/join"};
  }
  base::Status set;
  impl_->call(now, out, [&](Impl& node) {
    set = node.presences.set(now.instant, topic, key, std::move(body));
  });
  return set;
}

bool Node::drop_presence(base::Now now, const std::string& topic, const std::string& key,
                         Actions& out) {
  bool dropped = false;
  impl_->call(now, out,
              [&](Impl& node) { dropped = node.presences.drop(now.instant, topic, key); });
  return dropped;
}

std::vector<PresenceView> Node::presences(base::Now now, const std::string& topic) const {
  return impl_->presences.shown(now.instant, topic);
}

std::size_t Node::presence_count() const { return impl_->presences.living(); }

std::vector<MemberView> Node::members(base::Now now) const {
  std::vector<MemberView> views;
  MemberView& self = views.emplace_back();
  self.record = impl_->membership.self();
  self.rtt = base::Duration{0};
  self.vector_lag = self.behind = 0;
  self.in_step = self.met = true;
  self.heard = now.instant;
  bool isolated = impl_->membership.isolated(now.instant);
  for (const auto& [node, member] : impl_->membership.table().all()) {
    MemberView& view = views.emplace_back();
    view.record = member.view();
    view.rtt = member.rtt;
    view.vector_lag = impl_->reconciler.lag(node);
    view.in_step = impl_->reconciler.in_step(node);
    view.behind = impl_->reconciler.behind(node);
    view.heard = member.heard;
    view.met = member.heard_ourselves;
    view.udp_blocked = member.udp_blocked;
    view.unreachable = isolated && member.is_alive();
    view.tcp_blocked = member.tcp_blocked() && !view.unreachable;
  }
  return views;
}

Hearing Node::hearing() const { return impl_->membership.hearing(); }

bool Node::let_in_by(const Address& address) const { return impl_->membership.let_in_by(address); }

std::vector<MemberRecord> Node::memory(base::Now now) const {
  return impl_->membership.memory(now.instant);
}

const Stats& Node::stats() const { return impl_->stats; }
const Options& Node::options() const { return impl_->options; }
bool Node::syncing() const { return impl_->reconciler.syncing(); }
std::optional<NodeId> Node::equal_peer() const { return impl_->reconciler.equal_peer(); }
bool Node::has_twin(base::Now now) const { return now.instant - impl_->twin_heard <= kTwinShown; }
bool Node::is_member_at(const Address& address) const {
  const MemberTable& table = impl_->membership.table();
  return std::any_of(table.living().begin(), table.living().end(),
                     [&](const NodeId& node) { return table.address_of(node).ip == address.ip; });
}
bool Node::has_left() const { return impl_->membership.has_left(); }

}  // namespace gossip
