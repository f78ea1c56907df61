#pragma once

// The data machine. It takes a batch of writes and received changes, applies them in one SQLite
// transaction, commits, and returns what follows. It is synchronous and deterministic: the caller
// passes the time and the random numbers. Promises: nothing is acknowledged before it is durable
// (rule 1); no dot is used twice (rule 2); what it calls durable is on the medium (rule 3); changes
// are applied in causal order (rule 4); cells and vector change in one commit (rule 6). Call it
// from one thread at a time.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/replica/options.h"
#include "agent/replica/outputs.h"
#include "agent/replica/requests.h"
#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "store/store.h"

namespace agent {

// For metrics.
struct StoreCounts {
  std::uint64_t written_bytes = 0;    // of pages, to the write-ahead log, since the open
  std::uint64_t written_changes = 0;  // that were committed, since the open
  std::uint64_t folds = 0;            // of texts, since the open
  std::uint64_t texts = 0;
  std::uint64_t texts_waiting = 0;  // with edits that are not folded
  std::uint64_t changes_waiting = 0;
  std::uint64_t texts_open_bytes = 0;  // in memory now
  std::uint64_t memtable_bytes = 0;    // the same, of cells that are not folded
};

class Replica {
 public:
  // `host` is the fingerprint of this host and data path. If the database names another one, a new
  // node id is chosen. In any case the actor of the last run is left and the boot epoch is raised,
  // durably, before this returns (rule 2). A database that must be set aside or is damaged is
  // replaced first (set_aside.h).
  static base::Result<std::unique_ptr<Replica>> open(base::Now now, const std::string& path,
                                                     const ReplicaOptions& options,
                                                     const base::Bytes& host, base::Random random);
  ~Replica();

  // Applies all inputs, commits once, then returns what follows. A write that cannot be done gets
  // its error as reply. After a fault of the disk all writes of the turn are refused, and its
  // received changes are forgotten. `watched`: somebody listens to events.
  Outputs turn(base::Now now, std::span<Input> inputs, bool watched);
  // Brings commits of received changes to the medium (rule 3). Needed when unsynced().
  Outputs flush(base::Now now);
  bool unsynced() const;
  std::int64_t wal_bytes() const;  // size of the write-ahead log's file now
  StoreCounts counts() const;
  std::int64_t free_pages() const;  // of the database file, at the last scrub()
  // Reads some rows and checks them (rule 13). Called once a second when there is nothing else to
  // do, it reads every row within a day. It also folds texts that were not edited lately, ends
  // leases that peers no longer use, and reports what the open has found.
  Outputs scrub(base::Now now);
  // Held changes are being replayed: turns should follow each other without a pause.
  bool replaying() const;
  // The database was set aside and its state comes from peers. Writes are refused until a state
  // join is merged or the driver sends Synchronised.
  bool fetching() const;
  // Call it when there is no input. Makes a page that a joining peer will probably ask for next, at
  // most SnapshotLimits::page_bytes for each lease. False: there was nothing to make. It changes no
  // output.
  bool read_ahead();
  // Frees memory that is kept only for speed. Call it when the agent is at rest.
  void release_memory();
  // A clean stop: brings all commits to the medium.
  base::Status close();

  const base::NodeId& node_id() const;
  bool has_new_node_id() const;  // this open has chosen it
  const base::Bytes& signing_seed() const;
  std::uint64_t boot_epoch() const;
  const base::ActorId& own_actor() const;  // of this run; zero before the first own write
  const crdt::VersionVector& vector() const;
  // Actors that their owners have left (rule 2): the open ones and the closed ones, each in order.
  std::vector<base::ActorId> left() const;
  std::vector<base::ActorId> closed() const;
  std::vector<base::ActorId> closed_lately() const;  // the closed ones that vector() has not packed
  // Actors of which maybe no peer holds all changes. They are pruned last (rule 7), and peers are
  // asked about them.
  std::vector<base::ActorId> alone() const;
  crdt::StateHash state() const;
  std::uint64_t position() const;  // of the newest change in the log
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
