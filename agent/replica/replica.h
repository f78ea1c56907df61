#pragma once

// The data machine: takes a batch of writes and received changes, applies them in one SQLite
// transaction, commits, and says what follows. Synchronous and deterministic: time and chance are
// given. Promises: nothing is acknowledged before it is durable (rule 1); no dot is used twice
// (rule 2); what it calls durable is on the medium (rule 3); causal order (rule 4); state and
// vector move together (rule 6). One thread at a time.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/replica/join.h"
#include "agent/replica/parked.h"
#include "agent/replica/requests.h"
#include "agent/replica/set_aside.h"
#include "agent/replica/snapshots.h"
#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "store/store.h"

namespace agent {

struct ReplicaOptions {
  store::Options store;
  crdt::HybridClock::Options clock;
  std::size_t own_actors_max = 64;  // live ones of this node; above: alarm
  // Of one change. What readers see of a request fits, or the request is refused; what they do not
  // see may follow in changes of its own (planner.h).
  std::size_t change_effects_max = crdt::kChangeEffectsMax;
  std::size_t import_effects_max = 32'768;  // of one change of an import
  std::size_t import_bytes_max = 4u << 20;
  JoinLimits join;
  SnapshotLimits snapshots;
  ParkedLimits parked;             // changes that came before what they need
  DatabaseFiles* files = nullptr;  // outlives the replica; needed to set a database aside
  base::Duration reopen_interval = base::seconds(1);  // tries to open again after a disk fault
};

// What a turn committed, for the protocol.
struct Facts {
  crdt::VersionVector::Entries advanced;
  crdt::StateHash state;
  bool durable = false;  // everything so far is on the medium
  std::vector<crdt::SealedChange> own;
  std::vector<std::pair<base::ActorId, std::uint64_t>> forgotten;
  std::vector<std::pair<base::ActorId, std::uint64_t>> parked;  // in this turn
  std::size_t bytes_done = 0;
  std::vector<base::ActorId> left;     // whose owner has left them behind, first seen now
  std::vector<base::ActorId> stopped;  // their next change has an envelope of a later version
  std::vector<base::ActorId> alone;    // of which no peer may hold everything, first seen now
  std::vector<std::pair<base::ActorId, std::uint64_t>> confirmed;  // by a peer, in this turn
  std::optional<JoinStep> join;
};

struct Outputs {
  Facts facts;
  std::vector<Reply> replies;
  std::vector<Event> events;  // only when watched
  std::vector<Notice> notices;
  std::vector<SnapshotPage> pages;
  bool events_cut = false;  // there were more events than are kept: watchers read afresh
  // The state must be set aside and joined anew (rules 2 and 8), or another node id be taken (rule
  // 2): stop and open again; open() does the rest.
  bool reopen = false;
  bool fetching = false;  // the state is awaited from peers: the driver looks for Synchronised
  bool damaged = false;   // a bad row was met: the driver names a living peer (DivergenceSeen)
};

class Replica {
 public:
  // `host` is the fingerprint of this host and data path: where the database names another one, a
  // new node id is drawn. The actor of the run before is left behind in any case, durably, with the
  // raised boot epoch, before this returns (rule 2). A database that is to be set aside, or is
  // damaged, is replaced first (set_aside.h).
  static base::Result<std::unique_ptr<Replica>> open(base::Now now, const std::string& path,
                                                     const ReplicaOptions& options,
                                                     const base::Bytes& host, base::Random random);
  ~Replica();

  // Applies all, commits once, then says what follows. A write that cannot be done gets its error
  // as reply; a fault of the disk refuses all writes of the turn and forgets what was received.
  // `watched`: somebody listens to events.
  Outputs turn(base::Now now, std::span<Input> inputs, bool watched);
  // Brings commits of remote changes to the medium (rule 3); needed when unsynced().
  Outputs flush(base::Now now);
  bool unsynced() const;
  // Reads a slice of rows and checks them (rule 13): once a second when nothing else is to do, then
  // every row is read within a day. Also ends what peers have stopped asking for, and says what the
  // open had to say.
  Outputs scrub(base::Now now);
  // What was held is being applied: turns should follow each other without a pause.
  bool replaying() const;
  // The database was set aside and its state comes from peers: writes are refused until a join is
  // merged or the driver sends Synchronised.
  bool fetching() const;
  // For moments without input: makes a page that a joining peer will probably ask for next, at most
  // SnapshotLimits::page_bytes a lease. False: nothing to make. Changes no output.
  bool read_ahead();
  // Frees what is only kept to be fast: for times of rest.
  void release_memory();
  // A clean stop: brings everything to the medium.
  base::Status close();

  const base::NodeId& node_id() const;
  bool has_new_node_id() const;  // drawn by this open
  const base::Bytes& signing_seed() const;
  std::uint64_t boot_epoch() const;
  const base::ActorId& own_actor() const;  // of this run: zero before its first own write
  const crdt::VersionVector& vector() const;
  // Actors whose owners have left them behind (rule 2), open and closed ones, each in order.
  std::vector<base::ActorId> left() const;
  std::vector<base::ActorId> closed() const;
  // Actors of which no peer may hold everything: pruned last (rule 7), and asked about.
  std::vector<base::ActorId> alone() const;
  crdt::StateHash state() const;
  const crdt::HybridClock& clock() const;
  store::Store& store();
  // Why writing is stopped, if it is (rule 13).
  const std::optional<base::Error>& fault() const;

 private:
  struct Impl;
  explicit Replica(std::unique_ptr<Impl> impl);
  static base::Result<std::unique_ptr<Replica>> open_once(base::Now now, const std::string& path,
                                                          const ReplicaOptions& options,
                                                          const base::Bytes& host,
                                                          base::Random random);
  std::unique_ptr<Impl> impl_;
};

}  // namespace agent
