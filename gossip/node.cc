#include "gossip/node.h"

#include <algorithm>
#include <cstring>

#include "crdt/base/check.h"
#include "gossip/outbox.h"
#include "gossip/peer.h"
#include "gossip/reconcile/claims.h"
#include "gossip/reconcile/intake.h"
#include "gossip/reconcile/range_server.h"
#include "gossip/reconcile/reconciler.h"
#include "gossip/reconcile/snapshot_server.h"
#include "gossip/spread/push_pull.h"
#include "gossip/swim/membership.h"
#include "gossip/wire/compression.h"

namespace gossip {
namespace {

MemberRecord own_record(const Identity& self, const Options& options) {
  // The epoch makes a restart beat everything that was said of its past.
  return {self.node,           self.name,       self.advertised, self.boot_epoch << 16,
          MemberState::kAlive, options.topology};
}

wire::StartId draw_start(base::Random& random) {
  wire::StartId start{};
  base::Bytes drawn = random.bytes(start.size());
  std::memcpy(start.data(), drawn.data(), start.size());
  return start;
}

const wire::Challenge* challenge_in(const wire::Packet& packet) {
  for (const wire::Message& message : packet.messages) {
    if (const auto* challenge = std::get_if<wire::Challenge>(&message)) return challenge;
  }
  return nullptr;
}

}  // namespace

struct Node::Impl {
  Impl(Identity identity, const Options& given, const Holdings& held, base::Random chance)
      : self(std::move(identity)),
        options(given),
        random(chance),
        seal(self.key, self.node, draw_start(random)),
        peers(options, random.fork()),
        box(options.datagram_bytes_max),
        claims(held),
        membership(own_record(self, options), options, peers, claims, random.fork(), stats),
        intake(options, claims, stats),
        reconciler(options, membership.table(), claims, intake, random.fork(), stats),
        server(options, claims, membership.table(), stats),
        snapshots(options, membership.table(), stats),
        relays(self.node, options, datagram_room(), random.fork()) {
    set_strategy();
  }

  std::size_t datagram_room() const {
    return wire::Packer::message_bytes_max(options.datagram_bytes_max);
  }

  void set_strategy() {
    strategy = make_strategy(self.node, options, datagram_room(), random.fork());
    CHECK(strategy != nullptr);
  }

  // --- Datagrams: open, known start, replay, epoch, decode, mark --------------------------------

  void receive(base::Instant now, const Address& from, base::BytesView datagram, Actions& out) {
    wire::DatagramSeal::Refusal refusal{};
    auto opened = seal.open(datagram, refusal);
    if (!opened) return count(refusal);
    ++stats.datagrams_received;
    stats.bytes_received += datagram.size();
    Peers::Standing standing = peers.standing(*opened);
    if (standing == Peers::Standing::kReplayed) {
      ++stats.refused_replay;
      return;
    }
    base::Result<wire::Packet> packet = wire::decode_packet(opened->plaintext);
    bool brief = packet.ok() && packet->sender.is_zero();
    if (brief && standing == Peers::Standing::kUnknown) {
      ++stats.refused_unproven;
      return answer_nameless(now, from, *opened, *packet, datagram.size(), out);
    }
    if (brief) {
      packet->sender = *peers.owner(*opened);
      packet->boot_epoch = *peers.epoch(packet->sender);
    }
    bool valid = packet.ok() && std::equal(opened->sender.begin(), opened->sender.end(),
                                           packet->sender.bytes.begin());
    if (!valid) {
      ++stats.refused_content;
      return;
    }
    bool twin = packet->sender == self.node;
    if (twin || peers.outdated(packet->sender, packet->boot_epoch)) {
      ++(twin ? stats.refused_content : stats.refused_epoch);
      return answer_double(now, from, *packet, datagram.size(), out);
    }
    bool met = standing == Peers::Standing::kUnknown;
    if (met && !prove(now, *opened, *packet)) {
      ++stats.refused_unproven;
      return answer_unproven(now, from, *packet, datagram.size(), out);
    }
    if (!met && !peers.accept(*opened, packet->sender, packet->boot_epoch)) {
      ++stats.refused_epoch;
      return;
    }
    take(now, from, *packet, met, out);
  }

  void count(wire::DatagramSeal::Refusal refusal) {
    switch (refusal) {
      case wire::DatagramSeal::Refusal::kMalformed:
      case wire::DatagramSeal::Refusal::kVersion:
        ++stats.refused_malformed;
        return;
      case wire::DatagramSeal::Refusal::kKey:
        ++stats.refused_key;
        return;
      case wire::DatagramSeal::Refusal::kAuthentication:
        ++stats.refused_authentication;
        return;
      case wire::DatagramSeal::Refusal::kOwn:
        ++stats.refused_replay;
        return;
    }
  }

  // A packet that returns a token of ours was made after we drew it: all of it is fresh.
  bool prove(base::Instant now, const wire::DatagramSeal::Opened& opened,
             const wire::Packet& packet) {
    if (!redeem(now, packet)) return false;
    peers.prove(opened, packet.sender, packet.boot_epoch);
    return true;
  }

  bool redeem(base::Instant now, const wire::Packet& packet) {
    return std::any_of(packet.messages.begin(), packet.messages.end(), [&](const auto& message) {
      const auto* echo = std::get_if<wire::Echo>(&message);
      return echo != nullptr && peers.redeem_token(now, echo->token);
    });
  }

  // A start under our own id, or one of a member that has started since. What it says is not taken,
  // but when it lives, one of the two is a copy or was put back, and shall hear of it.
  void answer_double(base::Instant now, const Address& from, const wire::Packet& packet,
                     std::size_t bytes_max, Actions& out) {
    if (!redeem(now, packet)) return answer_unproven(now, from, packet, bytes_max, out);
    const Member* member = membership.table().find(packet.sender);
    if (packet.sender == self.node) {
      out.push_back(Alarm{Alarm::Kind::kTwin, packet.sender, {}, {}});
    } else if (member != nullptr) {
      box.add({from, packet.sender}, wire::Members{{member->record}});
    }
  }

  // False: so soon after another one, it is not believed.
  bool may_be_twin(base::Instant now) {
    if (!twin_from) twin_from = self.fresh ? now + kTwinGap : now;
    if (now < *twin_from) return false;
    twin_from = now + kTwinGap;
    return true;
  }

  // To a start that has proven nothing: the echo it asked for and our own question, never more
  // bytes than came.
  void answer_unproven(base::Instant now, const Address& from, const wire::Packet& packet,
                       std::size_t bytes_max, Actions& out) {
    std::vector<base::Bytes> messages;
    auto fits = [&](const base::Bytes& message) {
      std::vector<base::Bytes> more = messages;
      more.push_back(message);
      base::Bytes plain = wire::encode_packet(self.node, self.boot_epoch, more);
      return plain.size() + wire::kSealOverhead <= bytes_max;
    };
    if (const wire::Challenge* asked = challenge_in(packet)) {
      base::Bytes echo = wire::encode(wire::Echo{asked->token});
      if (fits(echo) && peers.may_echo(now, from)) messages.push_back(std::move(echo));
    }
    // Tokens all encode alike, so any stands for the size of a question.
    if (fits(wire::encode(wire::Challenge{UINT64_MAX}))) {
      if (peers.may_challenge(now, from)) {
        base::Bytes question = wire::encode(wire::Challenge{peers.issue_token(now)});
        // Asked twice where there is room, for the answer must not be larger than the question
        // and shall hold an echo beside a question of its own.
        messages.push_back(question);
        if (fits(question)) messages.push_back(question);
        ++stats.challenges_sent;
      } else {
        ++stats.challenges_suppressed;
      }
    }
    if (messages.empty()) return;
    base::Bytes plain = wire::encode_packet(self.node, self.boot_epoch, messages);
    send(from, seal.seal(plain, &packet.sender), out);
  }

  // A short packet of a start that we do not know: who sends it believes to be known here, so one
  // of us has started anew. Its address is asked for a proof, and the member whose id begins so is
  // asked at its own.
  void answer_nameless(base::Instant now, const Address& from,
                       const wire::DatagramSeal::Opened& opened, const wire::Packet& packet,
                       std::size_t bytes_max, Actions& out) {
    membership.doubted(now, opened.sender);
    if (challenge_in(packet) != nullptr) return;  // of another such answer: that would be endless
    base::Bytes question = wire::encode(wire::Challenge{UINT64_MAX});
    std::size_t size = wire::encode_packet({}, 0, {question}).size() + wire::kSealOverhead;
    if (size > bytes_max) return;
    if (!peers.may_challenge(now, from)) {
      ++stats.challenges_suppressed;
      return;
    }
    ++stats.challenges_sent;
    question = wire::encode(wire::Challenge{peers.issue_token(now)});
    send(from, seal.seal(wire::encode_packet({}, 0, {question}), nullptr), out);
  }

  void take(base::Instant now, const Address& from, const wire::Packet& packet, bool met,
            Actions& out) {
    const NodeId& node = packet.sender;
    if (const wire::Challenge* asked = challenge_in(packet)) {
      box.add({from, node}, wire::Echo{asked->token});
    }
    membership.heard(now, node, false, out);
    if (met) membership.proven(now, node, from, box);
    for (const wire::Message& message : packet.messages) {
      bool valid = membership.has_left() ? take_as_left(from, node, message)
                                         : take(now, from, node, message, out);
      if (!valid) ++stats.refused_content;
    }
  }

  bool take_as_left(const Address& from, const NodeId& node, const wire::Message& message) {
    if (std::holds_alternative<wire::Ping>(message)) membership.answer_as_left(node, from, box);
    return true;
  }

  // False: not for a datagram, or not what this sender may say.
  bool take(base::Instant now, const Address& from, const NodeId& node,
            const wire::Message& message, Actions& out) {
    if (const auto* ping = std::get_if<wire::Ping>(&message)) {
      membership.receive(now, node, from, *ping, box, out);
      reconciler.observed(now, node, ping->state, out);
      return true;
    }
    if (const auto* ack = std::get_if<wire::Ack>(&message)) {
      membership.receive(now, node, from, *ack, box, out);
      reconciler.observed(now, node, ack->state, out);
      return true;
    }
    if (const auto* request = std::get_if<wire::PingRequest>(&message)) {
      membership.receive(now, node, from, *request, box);
      return true;
    }
    if (const auto* nack = std::get_if<wire::Nack>(&message)) {
      membership.receive(node, *nack);
      return true;
    }
    if (const auto* join = std::get_if<wire::Join>(&message)) {
      return membership.receive(now, node, from, *join, box, out);
    }
    if (const auto* leave = std::get_if<wire::Leave>(&message)) {
      return membership.receive(now, node, from, *leave, out);
    }
    if (const auto* members = std::get_if<wire::Members>(&message)) {
      bool seed = membership.receive(now, node, from, *members, out);
      if (seed) reconciler.synchronise(now, node, out);
      return true;
    }
    if (const auto* push = std::get_if<wire::Push>(&message)) {
      take_push(now, node, *push, out);
      return true;
    }
    return std::holds_alternative<wire::Challenge>(message) ||
           std::holds_alternative<wire::Echo>(message);
  }

  void take_push(base::Instant now, const NodeId& node, const wire::Push& push, Actions& out) {
    Intake::Taken taken = intake.take(node, push.changes, false, out);
    if (taken.outcome == Intake::Outcome::kEcho) {
      reconciler.echo(now, node, taken.echo, out);
    }
    bool relayed = push.passing == wire::Passing::kRelay;
    if (relayed && taken.outcome == Intake::Outcome::kTaken) relay(node, out);
  }

  // What the last action hands to the replica goes on to others, before its commit (rule 3).
  void relay(const NodeId& giver, Actions& out) {
    std::vector<const crdt::SealedChange*> fresh;
    for (const crdt::Opened& opened : std::get<Apply>(out.back()).changes) {
      fresh.push_back(&opened.sealed);
    }
    if (!relays.may_relay(fresh)) {
      stats.relays_dropped += fresh.size();
      return;
    }
    stats.pushes_relayed += send(relays.relay(fresh, giver, alive()), out);
  }

  // --- Frames: the session has authenticated its peer, live ------------------------------------

  void receive_frame(base::Instant now, const NodeId& node, base::BytesView bytes, Actions& out) {
    base::Result<wire::Decoded> decoded = wire::decode(bytes);
    if (!decoded || node == self.node) {
      ++stats.refused_content;
      return;
    }
    membership.heard(now, node, true, out);
    const auto* message = std::get_if<wire::Message>(&*decoded);
    if (message == nullptr) return;
    if (membership.has_left()) return take_frame_as_left(now, node, *message, out);
    if (const auto* push = std::get_if<wire::Push>(message)) {
      take_push(now, node, *push, out);
    } else if (const auto* vector = std::get_if<wire::Vector>(message)) {
      reconciler.receive(now, node, *vector, out);
    } else if (const auto* request = std::get_if<wire::RangeRequest>(message)) {
      server.requested(now, node, *request, out);
    } else if (const auto* range = std::get_if<wire::Range>(message)) {
      reconciler.receive(now, node, *range, out);
    } else if (const auto* query = std::get_if<wire::SnapshotRequest>(message)) {
      snapshots.requested(now, node, *query, out);
    } else if (const auto* page = std::get_if<wire::SnapshotPage>(message)) {
      reconciler.receive(now, node, *page, out);
    } else if (const auto* ping = std::get_if<wire::Ping>(message)) {
      membership.receive_frame(now, node, *ping, out);
      reconciler.observed(now, node, ping->state, out);
    } else if (const auto* ack = std::get_if<wire::Ack>(message)) {
      membership.receive_frame(now, node, *ack, out);
      reconciler.observed(now, node, ack->state, out);
    } else {
      ++stats.refused_content;
    }
  }

  // Who fetches from us shall get it all before we are gone.
  void take_frame_as_left(base::Instant now, const NodeId& node, const wire::Message& message,
                          Actions& out) {
    if (const auto* request = std::get_if<wire::RangeRequest>(&message)) {
      return server.requested(now, node, *request, out);
    }
    if (const auto* query = std::get_if<wire::SnapshotRequest>(&message)) {
      return snapshots.requested(now, node, *query, out);
    }
    const Member* member = membership.table().find(node);
    if (member != nullptr) membership.answer_as_left(node, member->record.address, box);
  }

  // --- Pushes ----------------------------------------------------------------------------------

  void push(const std::vector<crdt::SealedChange>& own, Actions& out) {
    if (own.empty() || membership.has_left()) return;
    stats.pushes_sent += send(strategy->originate(own, alive()), out);
  }

  std::vector<Target> alive() const {
    std::vector<Target> targets;
    for (const auto& [node, member] : membership.table().all()) {
      if (member.is_alive()) targets.push_back({member.record.address, node});
    }
    return targets;
  }

  // Changes times targets.
  std::size_t send(PushPlan plan, Actions& out) {
    if (plan.targets.empty()) return 0;
    std::size_t sent = 0;
    for (PushBatch& batch : plan.batches) {
      sent += batch.changes * plan.targets.size();
      if (!batch.fits_datagram) {
        batch.message = compressor.apply(std::move(batch.message));  // once for all
        for (const Target& to : plan.targets) {
          out.push_back(SendFrame{*to.node, to.address, batch.message});
        }
        continue;
      }
      base::Bytes plain =
          wire::encode_packet(self.node, self.boot_epoch, {std::move(batch.message)});
      for (const Target& to : plan.targets) send(to.address, seal.seal(plain, &*to.node), out);
    }
    return sent;
  }

  // --- Sending and time ------------------------------------------------------------------------

  void send(const Address& to, base::Bytes sealed, Actions& out) {
    ++stats.datagrams_sent;
    stats.bytes_sent += sealed.size();
    out.push_back(SendDatagram{to, std::move(sealed)});
  }

  // Ends every call: what is due for repair now, then all that was gathered is sealed. `first` is
  // where the actions of this call begin.
  void finish(base::Instant now, std::size_t first, Actions& out) {
    auto unfounded = [&](const Action& action) {
      const auto* alarm = std::get_if<Alarm>(&action);
      return alarm && alarm->kind == Alarm::Kind::kTwin && !may_be_twin(now);
    };
    auto added = out.begin() + static_cast<std::ptrdiff_t>(first);
    out.erase(std::remove_if(added, out.end(), unfounded), out.end());
    std::vector<NodeId> gone;
    for (std::size_t i = first; i < out.size(); ++i) {
      if (const auto* down = std::get_if<MemberDown>(&out[i])) gone.push_back(down->member.node);
    }
    for (const NodeId& node : gone) reconciler.gone(now, node, out);
    if (!membership.has_left()) {
      std::vector<NodeId> ping;
      reconciler.advance(now, ping, out);
      for (const NodeId& node : ping) membership.ping(now, node, box);
    }
    for (std::size_t i = first; i < out.size(); ++i) {
      auto* frame = std::get_if<SendFrame>(&out[i]);
      if (frame != nullptr) frame->message = compressor.apply(std::move(frame->message));
    }
    for (Outbox::Packet& packet : box.take()) {
      base::Bytes plain = packet.brief ? packet.messages.take({}, 0)
                                       : packet.messages.take(self.node, self.boot_epoch);
      const NodeId* node = packet.to.node ? &*packet.to.node : nullptr;
      send(packet.to.address, seal.seal(plain, node), out);
    }
  }

  Identity self;
  Options options;
  Stats stats;
  base::Random random;
  wire::DatagramSeal seal;
  Peers peers;
  Outbox box;
  Claims claims;
  Membership membership;
  Intake intake;
  Reconciler reconciler;
  RangeServer server;
  SnapshotServer snapshots;
  PushPull relays;
  wire::Compressor compressor;
  std::unique_ptr<Strategy> strategy;
  std::optional<base::Instant> twin_from;  // when the next word of a twin is believed
};

Node::Node(Identity self, const Options& options, const Holdings& held, base::Random random)
    : impl_(std::make_unique<Impl>(std::move(self), options, held, random)) {}
Node::~Node() = default;

void Node::seeds(base::Now now, std::vector<Address> seeds, Actions& out) {
  std::size_t first = out.size();
  impl_->membership.seeds(now.instant, seeds, impl_->box, out);
  impl_->finish(now.instant, first, out);
}

void Node::remember(base::Now now, const std::vector<MemberRecord>& members, Actions& out) {
  std::size_t first = out.size();
  impl_->membership.remember(now.instant, members);
  impl_->finish(now.instant, first, out);
}

void Node::leave(base::Now now, Actions& out) {
  std::size_t first = out.size();
  impl_->membership.leave(impl_->box);
  impl_->reconciler.stop(now.instant, out);
  impl_->finish(now.instant, first, out);
}

void Node::rejoin(base::Now now, Actions& out) {
  std::size_t first = out.size();
  impl_->membership.rejoin(now.instant, impl_->box, out);
  impl_->finish(now.instant, first, out);
}

void Node::topology(Topology topology) {
  if (topology == impl_->options.topology) return;
  impl_->options.topology = topology;
  impl_->set_strategy();
  impl_->membership.topology(topology);
}

void Node::receive(base::Now now, Address from, base::BytesView datagram, Actions& out) {
  std::size_t first = out.size();
  impl_->receive(now.instant, from, datagram, out);
  impl_->finish(now.instant, first, out);
}

void Node::receive_frame(base::Now now, const NodeId& from, base::BytesView message, Actions& out) {
  std::size_t first = out.size();
  impl_->receive_frame(now.instant, from, message, out);
  impl_->finish(now.instant, first, out);
}

void Node::session_closed(base::Now now, const NodeId& peer, Actions& out) {
  std::size_t first = out.size();
  impl_->reconciler.closed(now.instant, peer);
  impl_->server.closed(peer);
  impl_->finish(now.instant, first, out);
}

void Node::stored(base::Now now, const Stored& facts, Actions& out) {
  std::size_t first = out.size();
  impl_->claims.stored(now.instant, facts);
  impl_->push(facts.own, out);
  Intake::Finished finished = impl_->intake.stored(facts);
  impl_->reconciler.stored(now.instant, facts, finished, out);
  impl_->finish(now.instant, first, out);
}

void Node::fetched(base::Now now, const Fetched& range, Actions& out) {
  std::size_t first = out.size();
  impl_->server.fetched(range, out);
  impl_->finish(now.instant, first, out);
}

void Node::snapshot_read(base::Now now, const SnapshotRead& read, Actions& out) {
  std::size_t first = out.size();
  impl_->snapshots.read(now.instant, read, out);
  impl_->finish(now.instant, first, out);
}

void Node::own_actor(const base::ActorId& actor) { impl_->claims.own_actor(actor); }

void Node::advance(base::Now now, Actions& out) {
  std::size_t first = out.size();
  impl_->membership.advance(now.instant, impl_->box, out);
  impl_->server.advance(now.instant);
  impl_->snapshots.advance(now.instant);
  impl_->finish(now.instant, first, out);
}

base::Instant Node::next_deadline() const {
  base::Instant next = impl_->membership.next_deadline();
  if (!impl_->membership.has_left()) next = std::min(next, impl_->reconciler.next_deadline());
  next = std::min(next, impl_->snapshots.next_deadline());
  return std::min(next, impl_->server.next_deadline());
}

std::vector<MemberView> Node::members(base::Now now) const {
  std::vector<MemberView> views;
  views.push_back(
      {impl_->membership.self(), base::Duration{0}, 0, true, now.instant, false, false});
  bool isolated = impl_->membership.isolated(now.instant);
  for (const auto& [node, member] : impl_->membership.table().all()) {
    bool unreachable = isolated && member.is_alive();
    views.push_back({member.view(), member.rtt, impl_->reconciler.lag(node),
                     impl_->reconciler.in_step(node), member.heard, member.udp_blocked,
                     unreachable});
  }
  return views;
}

std::vector<MemberRecord> Node::memory(base::Now now) const {
  return impl_->membership.memory(now.instant);
}

const Stats& Node::stats() const { return impl_->stats; }
const Options& Node::options() const { return impl_->options; }
bool Node::syncing() const { return impl_->reconciler.syncing(); }
std::optional<NodeId> Node::equal_peer() const { return impl_->reconciler.equal_peer(); }
bool Node::has_left() const { return impl_->membership.has_left(); }

}  // namespace gossip
