#pragma once

// The entry to the protocol: it knows who is in the mesh, and what to send to whom. It combines
// freshness and seals, membership, dissemination and reconciliation. It has no socket, clock,
// thread, disk or log. The worst that a message from a peer can do is to be counted and dropped.
// One thread at a time. `now` comes first, `out` last; actions are appended to `out` in the order
// in which they must be done.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/presence_view.h"
#include "gossip/stats.h"
#include "gossip/wire/seal.h"

namespace gossip {

struct Identity {
  NodeId node;
  std::string name;
  Address advertised;
  wire::MeshKey key;
  std::uint64_t boot_epoch = 0;  // stored, and raised before the first datagram of a start
  bool fresh = false;            // true: `node` was drawn for this start
};

// The shortest time between two twins that we act on; with a fresh node id also the time before the
// first. Without it a member that lies could make us restart again and again.
inline constexpr base::Duration kTwinGap = base::seconds(3'600);
// We report a twin for so long after we last heard it.
inline constexpr base::Duration kTwinShown = base::seconds(120);

class Node {
 public:
  // `held`: what the replica has on its medium at the start.
  Node(Identity self, const Options& options, const Holdings& held, base::Random random);
  ~Node();

  // Addresses to join. Each is tried again until it answers. The list replaces the former one. A
  // node that has left does not come back because of a new list: it may only mean that a name
  // resolves differently now.
  void seeds(base::Now now, std::vector<Address> seeds, Actions& out);
  // Members of an earlier run (memory()). They are tried until they are heard, so an agent finds
  // its mesh again without seeds. Those above Options::remembered_max are ignored.
  void remember(base::Now now, const std::vector<MemberRecord>& members, Actions& out);
  void leave(base::Now now, Actions& out);  // tells the mesh; rejoin() comes back
  void rejoin(base::Now now, Actions& out);

  // How our own changes spread from now on; it must satisfy has_strategy(). Other members hear of
  // it in the news.
  void topology(Topology topology);

  // Shows a presence of a client of this agent to all members for 30 s, or renews it (the class
  // Presences says what a presence is). kInvalid or kTooLarge: topic, key or body is outside its
  // bounds (wire/presence.h). kRateLimited: too many were set, or the table is full. kConflict:
  // this agent has left the mesh.
  base::Status set_presence(base::Now now, const std::string& topic, const std::string& key,
                            base::Bytes body, Actions& out);
  // Ends one that was set on this agent. False: there is none.
  bool drop_presence(base::Now now, const std::string& topic, const std::string& key, Actions& out);
  // Those of all members, ordered by key and node.
  std::vector<PresenceView> presences(base::Now now, const std::string& topic) const;
  std::size_t presence_count() const;  // of all topics

  void receive(base::Now now, Address from, base::BytesView datagram, Actions& out);
  void receive_frame(base::Now now, const NodeId& from, base::BytesView message, Actions& out);
  // The session with `peer` ended, or it could not be opened.
  void session_closed(base::Now now, const NodeId& peer, bool opened, Actions& out);
  void stored(base::Now now, const Stored& facts, Actions& out);
  void fetched(base::Now now, const Fetched& range, Actions& out);
  void snapshot_read(base::Now now, const SnapshotRead& page, Actions& out);
  // Changes of this actor are ours; an echo of them is reported.
  void own_actor(const base::ActorId& actor);

  // Asks the members which of them hold a change on their medium. HeldBy answers, at once or later.
  void ask_holders(base::Now now, const HolderWish& wish, Actions& out);
  // The living members that are known to hold it now, without asking.
  std::vector<NodeId> known_holders(const base::ActorId& actor, std::uint64_t seq) const;

  // Where a client that has the log of another member up to `theirs` can go on in our log (the
  // class PeerPositions). Nullopt: not known.
  std::optional<std::uint64_t> position_here(std::string_view short_id, std::uint64_t theirs) const;

  void advance(base::Now now, Actions& out);  // runs every timer due at `now`
  base::Instant next_deadline() const;        // call advance() no later than this

  std::vector<MemberView> members(base::Now now) const;  // this node first
  Hearing hearing() const;
  // True if a seed at `address` has let us in and lives, whatever address it says that it has.
  bool let_in_by(const Address& address) const;
  std::vector<MemberRecord> memory(
      base::Now now) const;  // input for remember(), the living members first
  const Stats& stats() const;
  const Options& options() const;
  // True while the first exchange with a seed runs.
  bool syncing() const;
  bool has_left() const;
  bool is_member_at(const Address& address) const;  // a living met member, with any port
  // True if another process was heard with our node id a short time ago.
  bool has_twin(base::Now now) const;
  // A member whose last state hash equals our claim.
  std::optional<NodeId> equal_peer() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gossip
