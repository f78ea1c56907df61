// Takes what arrives. A datagram is taken when its start has proven that it is live and the
// datagram is not a replay. A start that has proven nothing is asked for a proof, or its datagram
// is dropped and counted. A frame comes from a session that has authenticated its peer. Each
// message goes to the part of the node that it is for.

#include <algorithm>

#include "gossip/node_impl.h"

namespace gossip {
namespace {

const wire::Challenge* challenge_in(const wire::Packet& packet) {
  for (const wire::Message& message : packet.messages) {
    if (const auto* challenge = std::get_if<wire::Challenge>(&message)) return challenge;
  }
  return nullptr;
}

}  // namespace

// --- Datagrams: open, known start, replay, epoch, decode, mark -----------------------------------

void Node::Impl::receive(base::Instant now, const Address& from, base::BytesView datagram,
                         Actions& out) {
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
  if (standing == Peers::Standing::kUnknown && repeats.too_many(now, *opened)) {
    ++stats.refused_replay;
    ++stats.challenges_suppressed;
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
    return answer_double(now, from, *opened, *packet, datagram.size(), out);
  }
  bool met = standing == Peers::Standing::kUnknown;
  if (met && !prove(now, from, *opened, *packet)) {
    ++stats.refused_unproven;
    return answer_unproven(now, from, *opened, *packet, datagram.size(), out);
  }
  if (!met && !peers.accept(*opened, packet->sender, packet->boot_epoch)) {
    ++stats.refused_epoch;
    return;
  }
  take(now, from, *packet, met, out);
}

void Node::Impl::count(wire::DatagramSeal::Refusal refusal) {
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

// A packet that returns our token was made after the token was sent. So the whole packet is fresh.
bool Node::Impl::prove(base::Instant now, const Address& from,
                       const wire::DatagramSeal::Opened& opened, const wire::Packet& packet) {
  if (!redeem(now, from, opened, packet)) return false;
  peers.prove(opened, packet.sender, packet.boot_epoch);
  return true;
}

bool Node::Impl::redeem(base::Instant now, const Address& from,
                        const wire::DatagramSeal::Opened& opened, const wire::Packet& packet) {
  return std::any_of(packet.messages.begin(), packet.messages.end(), [&](const auto& message) {
    const auto* answer = std::get_if<wire::ChallengeAnswer>(&message);
    return answer != nullptr && peers.tokens().holds(now, from, opened, answer->token);
  });
}

// The packet has our own node id, or a boot epoch below the one that its member has proven. We do
// not take its content. But if its start is live, one of the two processes is a copy or was
// restored from a backup, and both are told.
void Node::Impl::answer_double(base::Instant now, const Address& from,
                               const wire::DatagramSeal::Opened& opened, const wire::Packet& packet,
                               std::size_t bytes_max, Actions& out) {
  if (!redeem(now, from, opened, packet)) {
    return answer_unproven(now, from, opened, packet, bytes_max, out);
  }
  const Member* member = membership.table().find(packet.sender);
  if (packet.sender == self.node) {
    out.push_back(Alarm{Alarm::Kind::kTwin, packet.sender, {}, {}});
  } else if (member != nullptr) {
    box.add({from, packet.sender}, wire::Members{{member->record}});
  }
}

// Answers a start that has proven nothing: with the token that it asked for and our own challenge,
// never with more bytes than it sent. The number of these answers is not limited. They use no
// memory, and a sender of recorded datagrams could use up a limit.
void Node::Impl::answer_unproven(base::Instant now, const Address& from,
                                 const wire::DatagramSeal::Opened& opened,
                                 const wire::Packet& packet, std::size_t bytes_max, Actions& out) {
  std::vector<base::Bytes> messages;
  auto add_if_it_fits = [&](const wire::Message& message) {
    messages.push_back(wire::encode(message));
    base::Bytes plain = wire::encode_packet(self.node, self.boot_epoch, messages);
    if (plain.size() + wire::kSealOverhead <= bytes_max) return true;
    messages.pop_back();
    return false;
  };
  if (const wire::Challenge* asked = challenge_in(packet))
    add_if_it_fits(wire::ChallengeAnswer{asked->token});
  wire::Challenge question{peers.tokens().answer(now, from, opened)};
  if (add_if_it_fits(question)) {
    // The challenge goes twice if there is room. The answer must not be larger than this packet,
    // and it must hold an answer and a challenge of its own.
    add_if_it_fits(question);
    ++stats.challenges_sent;
  }
  if (messages.empty()) return;
  base::Bytes plain = wire::encode_packet(self.node, self.boot_epoch, messages);
  send(from, seal.seal(plain, &packet.sender), out);
}

// Answers a short packet from a start that we do not know. Its sender believes that we know it, so
// one of us has restarted. We ask its address for a proof, and we ask the member whose id begins
// with the same bytes at its known address.
void Node::Impl::answer_nameless(base::Instant now, const Address& from,
                                 const wire::DatagramSeal::Opened& opened,
                                 const wire::Packet& packet, std::size_t bytes_max, Actions& out) {
  membership.doubted(now, opened.sender);
  if (challenge_in(packet) != nullptr) return;  // an answer to a challenge would go on for ever
  wire::Challenge question{peers.tokens().answer(now, from, opened)};
  base::Bytes plain = wire::encode_packet({}, 0, {wire::encode(question)});
  if (plain.size() + wire::kSealOverhead > bytes_max) return;
  ++stats.challenges_sent;
  send(from, seal.seal(plain, nullptr), out);
}

void Node::Impl::take(base::Instant now, const Address& from, const wire::Packet& packet, bool met,
                      Actions& out) {
  const NodeId& node = packet.sender;
  const wire::Challenge* asked = challenge_in(packet);
  if (asked != nullptr) box.add({from, node}, wire::ChallengeAnswer{asked->token});
  membership.heard(now, node, false, out);
  if (met) membership.proven(now, node);
  if (met || asked != nullptr) membership.introduce(now, node, from, box);
  for (const wire::Message& message : packet.messages) {
    bool valid = membership.has_left() ? take_as_left(from, node, message)
                                       : take(now, from, node, message, out);
    if (!valid) ++stats.refused_content;
  }
}

bool Node::Impl::take_as_left(const Address& from, const NodeId& node,
                              const wire::Message& message) {
  const bool asks =
      std::holds_alternative<wire::Ping>(message) || std::holds_alternative<wire::Join>(message);
  if (asks) membership.answer_as_left(node, from, box);
  return true;
}

// False: the message may not come in a datagram, or not from this sender.
bool Node::Impl::take(base::Instant now, const Address& from, const NodeId& node,
                      const wire::Message& message, Actions& out) {
  if (const auto* ping = std::get_if<wire::Ping>(&message)) {
    membership.receive(now, node, from, *ping, box, out);
    reconciler.observed(now, node, ping->state, ping->position, out);
    return true;
  }
  if (const auto* ack = std::get_if<wire::Ack>(&message)) {
    membership.receive(now, node, from, *ack, box, out);
    reconciler.observed(now, node, ack->state, ack->position, out);
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
  if (const auto* question = std::get_if<wire::HolderQuestion>(&message)) {
    box.add({from, node}, holders.answer(*question));
    return true;
  }
  if (const auto* answer = std::get_if<wire::HolderAnswer>(&message)) {
    holders.receive(node, *answer, out);
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
  if (const auto* presence = std::get_if<wire::Presence>(&message)) {
    take_presence(now, *presence);
    return true;
  }
  return std::holds_alternative<wire::Challenge>(message) ||
         std::holds_alternative<wire::ChallengeAnswer>(message);
}

void Node::Impl::take_push(base::Instant now, const NodeId& node, const wire::Push& push,
                           Actions& out) {
  Intake::Taken taken = intake.take(node, push.changes, false, out);
  if (taken.outcome == Intake::Outcome::kEcho) reconciler.echo(now, node, taken.echo, out);
  if (taken.outcome != Intake::Outcome::kTaken || push.passing != wire::Passing::kRelay) return;
  relay(std::get<Apply>(out.at(taken.apply)).changes, node, out);
}

// When an origin dies or leaves, its presences end. So one that is not a living member here may
// show none.
void Node::Impl::take_presence(base::Instant now, const wire::Presence& told) {
  ++stats.presences_received;
  const Member* origin = membership.table().find(told.origin);
  if (told.origin != self.node && (origin == nullptr || !origin->is_alive())) {
    ++stats.presences_dropped_origin;
    return;
  }
  presences.take(now, told);
}

// --- Frames: the session has authenticated its peer, live ----------------------------------------

void Node::Impl::receive_frame(base::Instant now, const NodeId& node, base::BytesView bytes,
                               Actions& out) {
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
  } else if (const auto* presence = std::get_if<wire::Presence>(message)) {
    take_presence(now, *presence);
  } else if (const auto* vector = std::get_if<wire::Vector>(message)) {
    reconciler.receive(now, node, *vector, out);
  } else if (const auto* request = std::get_if<wire::RangeRequest>(message)) {
    server.requested(now, node, *request, out);
  } else if (const auto* range = std::get_if<wire::Range>(message)) {
    reconciler.receive(now, node, *range, out);
  } else if (const auto* query = std::get_if<wire::SnapshotRequest>(message)) {
    snapshots.requested(now, node, *query, out);
  } else if (const auto* page = std::get_if<wire::SnapshotAnswer>(message)) {
    reconciler.receive(now, node, *page, out);
  } else if (const auto* question = std::get_if<wire::HolderQuestion>(message)) {
    const Address to = membership.table().address_of(node);
    out.push_back(SendFrame{node, to, wire::encode(holders.answer(*question))});
  } else if (const auto* answer = std::get_if<wire::HolderAnswer>(message)) {
    holders.receive(node, *answer, out);
  } else if (const auto* ping = std::get_if<wire::Ping>(message)) {
    membership.receive_frame(now, node, *ping, out);
    reconciler.observed(now, node, ping->state, ping->position, out);
  } else if (const auto* ack = std::get_if<wire::Ack>(message)) {
    membership.receive_frame(now, node, *ack, out);
    reconciler.observed(now, node, ack->state, ack->position, out);
  } else {
    ++stats.refused_content;
  }
}

// After leave(): peers that fetch from us still get everything before we stop.
void Node::Impl::take_frame_as_left(base::Instant now, const NodeId& node,
                                    const wire::Message& message, Actions& out) {
  if (const auto* request = std::get_if<wire::RangeRequest>(&message)) {
    return server.requested(now, node, *request, out);
  }
  if (const auto* query = std::get_if<wire::SnapshotRequest>(&message)) {
    return snapshots.requested(now, node, *query, out);
  }
  const Member* member = membership.table().find(node);
  if (member != nullptr) membership.answer_as_left(node, member->record.address, box);
}

}  // namespace gossip
