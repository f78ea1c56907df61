#pragma once

// The receiving side of a state join (rule 6): one snapshot of one peer, fetched page by page and
// staged on the disk, checked as it comes. What a peer sends is judged here: a page that is not of
// this snapshot, not in order, or not what the index promised never reaches the merge. Knows
// nothing of the merge itself.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/replica/staged_pages.h"
#include "crdt/snapshot.h"
#include "store/store.h"

namespace agent {

struct JoinLimits {
  std::size_t skipped_max = 4'096;  // objects skipped as equal; further ones are fetched
  std::uint64_t staged_bytes_max = 16ull << 30;  // above: refused
  int restarts_max = 3;                          // by pages of other snapshots; then given up
  std::size_t events_max = 10'000;               // of one merge; above: Outputs::events_cut
  std::size_t events_bytes_max = 1u << 20;       // of their ids and values; above: the same
  std::size_t unite_max = 65'536;  // cells looked up in the log; the rest waits for the next check
};

class Join {
 public:
  // Parts of what is staged. Part kLate + n is an object that was skipped first.
  static constexpr std::int64_t kHead = 0;
  static constexpr std::int64_t kCells = 1;
  static constexpr std::int64_t kLate = 2;

  // `ours`: the vector when it started; only a planted bug looks at it.
  Join(const base::NodeId& peer, bool unite, std::uint64_t first_step, const JoinLimits& limits,
       crdt::VersionVector ours);

  enum class Next {
    kIgnored,   // not the answer to the last query
    kAsk,       // query() is the next one
    kComplete,  // all is here: merge
    kRestart,   // of another snapshot
    kRefused,   // why() says what is wrong with it
  };
  // Takes an answer, inside a transaction. Errors are the store's.
  base::Result<Next> take(store::Store& store, base::BytesView body);
  // Inside the transaction of the merge: kComplete, or kAsk when an object that was skipped as
  // equal is so no longer (rule 6).
  base::Result<Next> check_skipped(store::Store& store);

  const base::NodeId& peer() const { return peer_; }
  bool unite() const { return unite_; }
  const crdt::SnapshotQuery& query() const { return query_; }
  const std::string& why() const { return why_; }
  bool knows_vector() const { return planned_ != nullptr; }
  const crdt::VersionVector& vector() const { return vector_; }  // of the snapshot, when known
  const crdt::VersionVector& start_vector() const { return start_; }
  crdt::HybridTime clock() const { return clock_; }
  bool skipped(const crdt::ObjectKey& object) const { return skipped_.contains(object); }
  // Where the cells of an object were staged, if not with all others.
  std::optional<std::int64_t> late_part(const crdt::ObjectKey& object) const;

 private:
  Next refuse(std::string why);
  base::Result<Next> take_head(store::Store& store, crdt::SnapshotPageReader& reader,
                               base::BytesView body);
  bool add_actors(const crdt::SnapshotPage& page);
  bool add_objects(const crdt::SnapshotPage& page);
  base::Result<Next> take_cells(store::Store& store, crdt::SnapshotPageReader& reader,
                                base::BytesView body);
  base::Status check_slot(const crdt::SnapshotSlot& slot);
  base::Status begin_object(const crdt::ObjectKey& object);
  bool object_complete() const;
  base::Result<Next> next_run(store::Store& store);
  base::Result<bool> equals_ours(store::Store& store, const crdt::SnapshotObject& object);
  void ask_run(const crdt::ObjectKey& first, const crdt::ObjectKey& last);
  base::Status stage(store::Store& store, std::int64_t part, std::int64_t page,
                     base::BytesView body);

  base::NodeId peer_;
  bool unite_;
  JoinLimits limits_;
  crdt::VersionVector start_;
  crdt::SnapshotQuery query_;
  std::string why_;

  std::optional<crdt::SnapshotName> name_;
  crdt::HybridTime clock_;
  crdt::VersionVector vector_;
  crdt::Digest vector_sum_;
  crdt::Digest objects_sum_;
  std::uint64_t staged_bytes_ = 0;
  std::int64_t head_pages_ = 0;
  std::int64_t pages_ = 0;  // of the part being fetched

  std::unique_ptr<StagedIndex> planned_;   // behind the last run
  std::unique_ptr<StagedIndex> expected_;  // the object whose cells are coming
  std::map<crdt::ObjectKey, crdt::SnapshotObject> skipped_;
  std::map<crdt::ObjectKey, std::int64_t> late_;
  std::optional<crdt::SnapshotObject> current_;
  crdt::SnapshotSlot slot_;  // the one being checked
  std::uint64_t current_cells_ = 0;
  crdt::Digest current_sum_;
};

}  // namespace agent
