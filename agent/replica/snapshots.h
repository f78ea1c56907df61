#pragma once

// The serving side of state joins (rule 6). A lease is a read-only connection whose transaction
// stays open. It holds one committed state, which was on the medium when the lease was taken (rule
// 3); all pages of a snapshot show this state. While a lease lives, the log is not pruned above its
// state. The cost of that is bounded: a lease above a bound ends.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/replica/requests.h"
#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "crdt/snapshot.h"
#include "store/store.h"

namespace agent {

struct SnapshotLimits {
  std::size_t leases_max = 4;                   // above: kBusy, unless one has given all its pages
  base::Duration idle_max = base::seconds(30);  // time without a query
  base::Duration age_max = base::seconds(600);
  // A reader keeps the write-ahead log from starting again, and a lease keeps the change log above
  // its budget. All leases end when one of them has grown by this much.
  std::int64_t wal_pages_max = 65'536;        // above the bound of the store
  std::uint64_t log_bytes_max = 64ull << 20;  // above the budget of the change log
  std::size_t page_bytes = crdt::kSnapshotPageBytes;
};

class Snapshots {
 public:
  // Where a new lease begins. Leases that exist already need nothing of it.
  struct Source {
    store::Store& store;
    bool& synced;  // set when a new lease has brought all commits to the medium
    // Why nothing can be brought to the medium now. A new lease then needs `flushed`: the state
    // that is there already.
    std::optional<base::Error> fault;
    std::optional<crdt::StateHash> flushed;
  };

  // `random` must outlive this: the ids of snapshots come from it.
  Snapshots(std::string path, const store::Options& store, const SnapshotLimits& limits,
            base::Random& random);
  ~Snapshots();

  // Ends the leases that are above a bound. Called before the transaction of a turn, and from time
  // to time without a turn.
  void expire(base::Now now, const store::Store& store);
  // The log from this position on is needed by a joining peer. INT64_MAX: no peer needs it.
  std::int64_t keep_from() const;
  // Call it after the COMMIT or the rollback of the turn. A new lease first brings all commits to
  // the medium. Errors are outcomes. `read` says why a page could not be read. A fault of the store
  // shows itself in its next transaction.
  SnapshotRead answer(base::Now now, const SnapshotQuery& query, const Source& source,
                      base::Status& read);
  // The next page of an export, under the same bounds. kBusy: another export runs, or too many
  // peers join. kUnavailable: its snapshot has ended. kCorrupt: a row cannot be read. Else what
  // stops a new lease: an error of the disk.
  base::Result<StatePage> export_page(base::Now now, const ExportState& asked,
                                      const Source& source);
  // Makes the page that a peer will probably ask for next, one for each lease, so that it is ready
  // when the peer has stored the page before. False: there was nothing to make. The answers are the
  // same without it.
  bool read_ahead();
  std::size_t leases() const { return leases_.size(); }

 private:
  struct Lease;
  using Outcome = SnapshotRead::Outcome;

  Lease* find(const base::NodeId& peer, const crdt::SnapshotQuery& query);
  bool make_room();
  base::Result<Lease*> lease_of(const ExportState& asked, base::NodeId& exporter);
  base::Result<Lease*> take(base::Now now, const base::NodeId& peer, std::uint64_t step,
                            const Source& source);

  std::string path_;
  store::Options store_options_;
  SnapshotLimits limits_;
  base::Random& random_;
  std::map<std::uint64_t, std::unique_ptr<Lease>> leases_;  // by the id of the snapshot
};

}  // namespace agent
