#pragma once

// The one door to the protocol: who is in the mesh, what to tell whom. Composes freshness and
// seals, membership, dissemination and reconciliation. No socket, clock, thread, disk or log
// inside; what a peer sends can at worst be counted and dropped. One thread at a time. `now` comes
// first, `out` last; actions are appended to `out` in the order in which they must be done.

#include <memory>
#include <optional>
#include <vector>

#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/stats.h"
#include "gossip/wire/seal.h"

namespace gossip {

struct Identity {
  NodeId node;
  std::string name;
  Address advertised;
  wire::MeshKey key;
  std::uint64_t boot_epoch = 0;  // persisted, raised before the first datagram of a start
  bool fresh = false;            // `node` was drawn for this start
};

// Between two words of a twin that are believed; for a fresh id, before the first: a member that
// lies could make us start again and again.
inline constexpr base::Duration kTwinGap = base::seconds(3'600);
// So long after the last word of a twin we are said to have one.
inline constexpr base::Duration kTwinShown = base::seconds(120);

class Node {
 public:
  // `held`: on the medium of the replica at start.
  Node(Identity self, const Options& options, const Holdings& held, base::Random random);
  ~Node();

  // Addresses to join, again and again until one answers; replaces the former list. Who has left
  // stays away: a name that has moved is no wish to come back.
  void seeds(base::Now now, std::vector<Address> seeds, Actions& out);
  // Members of an earlier run (memory()): tried until they are heard, so that an agent finds its
  // mesh again without seeds. Those above Options::remembered_max are ignored.
  void remember(base::Now now, const std::vector<MemberRecord>& members, Actions& out);
  void leave(base::Now now, Actions& out);  // tells the mesh; comes back with rejoin()
  void rejoin(base::Now now, Actions& out);

  // How own changes spread from now on; one that has_strategy(). Others hear of it with the news.
  void topology(Topology topology);

  void receive(base::Now now, Address from, base::BytesView datagram, Actions& out);
  void receive_frame(base::Now now, const NodeId& from, base::BytesView message, Actions& out);
  // The session with `peer` ended, or could not be opened.
  void session_closed(base::Now now, const NodeId& peer, bool opened, Actions& out);
  void stored(base::Now now, const Stored& facts, Actions& out);
  void fetched(base::Now now, const Fetched& range, Actions& out);
  void snapshot_read(base::Now now, const SnapshotRead& page, Actions& out);
  void own_actor(const base::ActorId& actor);  // changes under it are ours: echo is looked for

  void advance(base::Now now, Actions& out);  // runs every timer due at `now`
  base::Instant next_deadline() const;        // call advance() no later than this

  std::vector<MemberView> members(base::Now now) const;  // itself first
  Hearing hearing() const;
  // Whether a seed has let us in from `address` and lives, wherever it says that it is.
  bool let_in_by(const Address& address) const;
  std::vector<MemberRecord> memory(
      base::Now now) const;  // to be stored for remember(), the living first
  const Stats& stats() const;
  const Options& options() const;
  // The first exchange with a seed that answered is still running.
  bool syncing() const;
  bool has_left() const;
  bool is_member_at(const Address& address) const;  // living and met; whatever the port
  // Another process speaks under our node id, by the last word of it.
  bool has_twin(base::Now now) const;
  // A member whose last word was the state that we claim now.
  std::optional<NodeId> equal_peer() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gossip
