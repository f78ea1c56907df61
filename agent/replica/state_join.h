#pragma once

// The receiving side of a state join (rule 6). It fetches one snapshot of one peer page by page,
// checks each page and stages it on the disk. A page of another snapshot, a page out of order, or
// one that does not match the index never reaches the merge. merge.h does the merge.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/replica/staged_pages.h"
#include "crdt/base/time.h"
#include "crdt/snapshot.h"
#include "crdt/types/sequence/text_digest.h"
#include "store/store.h"

namespace agent {

struct JoinLimits {
  std::size_t skipped_max = 4'096;  // objects skipped because they equal ours; above: fetched
  // Actors of which we have less than the peer. Above, and when we have nothing: objects come
  // whole. At most crdt::kSnapshotMissingMax.
  std::size_t missing_max = crdt::kSnapshotMissingMax;
  std::uint64_t staged_bytes_max = 16ull << 30;  // above: the join fails
  int restarts_max = 3;                     // when the peer sends another snapshot; then it fails
  std::size_t events_max = 10'000;          // of one merge; above: Outputs::events_cut
  std::size_t events_bytes_max = 1u << 20;  // ids and values of these events; above: the same
  base::Duration import_idle_max = base::seconds(60);  // after that another import may begin
  std::size_t unite_max = 65'536;  // cells looked up in the log; the others wait for the next check
};

class StateJoin {
 public:
  // The parts of the staged data. Part kLate + n is an object that was skipped at first.
  static constexpr std::int64_t kHead = 0;
  static constexpr std::int64_t kCells = 1;
  static constexpr std::int64_t kLate = 2;

  // `ours`: our vector at the start of the join. Only a bug that a test has planted
  // (crdt/base/plant.h) reads it.
  StateJoin(const base::NodeId& peer, bool unite, std::uint64_t first_step,
            const JoinLimits& limits, crdt::VersionVector ours);

  enum class Next {
    kIgnored,   // not the answer to the last query
    kAsk,       // send query() next
    kComplete,  // all pages are staged: merge them
    kRestart,   // the page is of another snapshot
    kUnfit,     // the pages and our cells do not fit the index: ask for whole objects
    kRefused,   // the page is wrong, why() says how
  };
  // Takes an answer, inside a transaction. An error is an error of the store.
  base::Result<Next> take(store::Store& store, base::BytesView body);
  // Call it inside the transaction of the merge. kComplete, or kAsk when an object that was skipped
  // because it was equal has changed since then (rule 6).
  base::Result<Next> check_skipped(store::Store& store);

  const base::NodeId& peer() const { return peer_; }
  bool unite() const { return unite_; }
  const crdt::SnapshotQuery& query() const { return query_; }
  const std::string& why() const { return why_; }
  crdt::StateHash state() const { return name_ ? name_->state : crdt::StateHash(); }
  // Objects come in the difference form (docs/protocol.md, "State joins").
  bool by_difference() const { return !missing_.empty(); }
  bool knows_vector() const { return planned_ != nullptr; }
  const crdt::VersionVector& vector() const { return vector_; }  // if knows_vector()
  const crdt::VersionVector& start_vector() const { return start_; }
  crdt::HybridTime clock() const { return clock_; }
  bool skipped(const crdt::ObjectKey& object) const { return skipped_.contains(object); }
  // The part that has the cells of `object`, if it is not kCells.
  std::optional<std::int64_t> late_part(const crdt::ObjectKey& object) const;

 private:
  struct Share {  // what one page has of an object
    std::uint64_t cells = 0;
    crdt::Digest sum;
  };
  // The error for wrong data of a peer. take() turns it into kRefused. Errors of the store have
  // other codes.
  static base::Error wrong(std::string what) { return base::invalid(std::move(what)); }
  Next refuse(std::string why);
  base::Error unfit(std::string what);
  base::Result<Next> take_head(store::Store& store, crdt::SnapshotPageReader& reader,
                               base::BytesView body);
  bool add_actors(const crdt::SnapshotPage& page);
  bool add_objects(const crdt::SnapshotPage& page);
  void find_missing(const crdt::VersionVector& ours);
  base::Result<Next> take_cells(store::Store& store, crdt::SnapshotPageReader& reader,
                                base::BytesView body);
  base::Status check_slot(const crdt::SnapshotSlot& slot);
  base::Status check_text(const crdt::SnapshotSlot& slot, Share& share);
  base::Status check_names(const crdt::SnapshotPage& page);
  bool has_seen(const crdt::DotRun& run) const;
  base::Status add_own(store::Store& store, const crdt::SnapshotNamed& named);
  Next ask_lacking();
  base::Result<Next> take_lacking(store::Store& store, crdt::SnapshotPageReader& reader);
  base::Result<Next> settle_page(store::Store& store);
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
  std::int64_t pages_ = 0;  // pages staged of the present part

  // The next object of `planned_` is the one after the last run that was asked for. The next one of
  // `expected_` is the one after the object whose cells come now.
  std::unique_ptr<StagedIndex> planned_;
  std::unique_ptr<StagedIndex> expected_;
  std::map<crdt::ObjectKey, crdt::SnapshotObject> skipped_;
  std::map<crdt::ObjectKey, std::int64_t> late_;
  std::optional<crdt::SnapshotObject> current_;
  crdt::SnapshotRun::Missing missing_;  // empty: objects come whole
  bool unfit_ = false;

  // Of the page that was taken last.
  crdt::SnapshotSlot slot_;                   // the slot that is being checked
  std::optional<crdt::SnapshotPlace> place_;  // of its last cell or element
  std::map<crdt::ObjectKey, Share> shares_;
  std::optional<crdt::SnapshotPlace> until_;
  bool more_ = false;
  std::vector<crdt::Dot> lacking_;  // named, but we hold no such cells; not yet asked for
  std::uint64_t asked_ = 0;         // of these, in the present query

  std::uint64_t current_cells_ = 0;
  crdt::Digest current_sum_;
  std::optional<crdt::TextDigest> text_hash_;  // of `text_slot_`
  crdt::Slot text_slot_;
};

}  // namespace agent
