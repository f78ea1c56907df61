#pragma once

// The inside of a node, shared by its two source files: node_door.cc takes what peers send; node.cc
// drives the parts and sends their messages.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "gossip/node.h"
#include "gossip/outbox.h"
#include "gossip/peer.h"
#include "gossip/presence/presences.h"
#include "gossip/reconcile/claims.h"
#include "gossip/reconcile/holders.h"
#include "gossip/reconcile/intake.h"
#include "gossip/reconcile/range_server.h"
#include "gossip/reconcile/reconciler.h"
#include "gossip/reconcile/snapshot_server.h"
#include "gossip/repeats.h"
#include "gossip/spread/push_pull.h"
#include "gossip/spread/watch.h"
#include "gossip/swim/membership.h"
#include "gossip/wire/compression.h"

namespace gossip {

struct Node::Impl {
  Impl(Identity identity, const Options& given, const Holdings& held, base::Random chance);

  // Does the work of one call of Node, then what ends every call.
  template <typename Work>
  void call(base::Now now, Actions& out, Work work) {
    const std::size_t first = out.size();
    work(*this);
    finish(now.instant, first, out);
  }

  // node_door.cc
  void receive(base::Instant now, const Address& from, base::BytesView datagram, Actions& out);
  void count(wire::DatagramSeal::Refusal refusal);
  bool prove(base::Instant now, const Address& from, const wire::DatagramSeal::Opened& opened,
             const wire::Packet& packet);
  bool redeem(base::Instant now, const Address& from, const wire::DatagramSeal::Opened& opened,
              const wire::Packet& packet);
  void answer_double(base::Instant now, const Address& from,
                     const wire::DatagramSeal::Opened& opened, const wire::Packet& packet,
                     std::size_t bytes_max, Actions& out);
  void answer_unproven(base::Instant now, const Address& from,
                       const wire::DatagramSeal::Opened& opened, const wire::Packet& packet,
                       std::size_t bytes_max, Actions& out);
  void answer_nameless(base::Instant now, const Address& from,
                       const wire::DatagramSeal::Opened& opened, const wire::Packet& packet,
                       std::size_t bytes_max, Actions& out);
  void take(base::Instant now, const Address& from, const wire::Packet& packet, bool met,
            Actions& out);
  bool take_as_left(const Address& from, const NodeId& node, const wire::Message& message);
  bool take(base::Instant now, const Address& from, const NodeId& node,
            const wire::Message& message, Actions& out);
  void take_push(base::Instant now, const NodeId& node, const wire::Push& push, Actions& out);
  void take_presence(base::Instant now, const wire::Presence& told);
  void receive_frame(base::Instant now, const NodeId& node, base::BytesView bytes, Actions& out);
  void take_frame_as_left(base::Instant now, const NodeId& node, const wire::Message& message,
                          Actions& out);

  // node.cc: pushes, sending, time
  std::size_t datagram_room() const;
  void set_strategy();
  void push(base::Instant now, const std::vector<crdt::SealedChange>& own, Actions& out);
  void push_again(base::Instant now, Actions& out);
  void question(base::Instant now, const PushPlan& plan);
  void relay(const std::vector<crdt::Opened>& changes, const NodeId& giver, Actions& out);
  std::size_t send(const PushPlan& plan, Actions& out);
  void tell_presences(base::Instant now, Actions& out);
  void send(const Address& to, base::Bytes sealed, Actions& out);
  void finish(base::Instant now, std::size_t first, Actions& out);
  void compress(std::size_t first, Actions& out);
  void judge_twins(base::Instant now, std::size_t first, Actions& out);

  Identity self;
  Options options;
  Stats stats;
  base::Random random;
  const wire::StartId start;
  wire::DatagramSeal seal;
  Peers peers;
  Repeats repeats;
  Outbox box;
  Claims claims;
  Membership membership;
  Intake intake;
  Reconciler reconciler;
  RangeServer server;
  SnapshotServer snapshots;
  Holders holders;
  PushPull relays;
  PushWatch watch;
  Presences presences;
  wire::Compressor compressor;
  std::unique_ptr<Strategy> strategy;
  std::optional<base::Instant> twin_from;  // from then on we act on a twin
  base::Instant twin_heard{INT64_MIN / 2};
};

}  // namespace gossip
