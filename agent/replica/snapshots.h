#pragma once

// The serving side of state joins (rule 6). A lease is a read-only connection whose transaction
// stays open: one committed state, on the medium when it was taken (rule 3), that all pages of a
// snapshot show. While a lease lives, the log is not pruned above its state; what that costs is
// bounded, and a lease that is over a bound ends.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "agent/replica/requests.h"
#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "crdt/snapshot.h"
#include "store/store.h"

namespace agent {

struct SnapshotLimits {
  std::size_t leases_max = 4;                   // above: kBusy, unless one has given all it has
  base::Duration idle_max = base::seconds(30);  // without a query
  base::Duration age_max = base::seconds(600);
  // A reader keeps the write-ahead log from starting again, and a lease the change log from its
  // budget: all leases end when either has grown by this much.
  std::int64_t wal_pages_max = 65'536;        // above what the store lets it grow to
  std::uint64_t log_bytes_max = 64ull << 20;  // above the budget
  std::size_t page_bytes = crdt::kSnapshotPageBytes;
};

class Snapshots {
 public:
  // `random` outlives this: the ids of snapshots come from it.
  Snapshots(std::string path, const store::Options& store, const SnapshotLimits& limits,
            base::Random& random);
  ~Snapshots();

  // Before the transaction of a turn, and now and then without one: ends what is over its bounds.
  void expire(base::Now now, const store::Store& store);
  // The log from this position on is needed by somebody who joins; INT64_MAX: by nobody.
  std::int64_t keep_from() const;
  // After the COMMIT of the turn. A new lease first brings all commits to the medium: `synced` says
  // so. Errors are outcomes; `read` says why a page could not be read, a fault of the store shows
  // in its next transaction.
  SnapshotPage answer(base::Now now, const SnapshotQuery& query, store::Store& store, bool& synced,
                      base::Status& read);
  // Makes a page that will probably be asked for next, one a lease, so that it is there when the
  // peer has stored the one before. False: nothing to make. Answers are the same without it.
  bool read_ahead();
  std::size_t leases() const { return leases_.size(); }

 private:
  struct Lease;
  using Outcome = SnapshotPage::Outcome;

  Lease* find(const base::NodeId& peer, const crdt::SnapshotQuery& query);
  bool make_room();
  base::Result<Lease*> take(base::Now now, const base::NodeId& peer, std::uint64_t step,
                            store::Store& store);

  std::string path_;
  store::Options store_options_;
  SnapshotLimits limits_;
  base::Random& random_;
  std::map<std::uint64_t, std::unique_ptr<Lease>> leases_;  // by the id of the snapshot
};

}  // namespace agent
