#include "agent/replica/snapshots.h"

#include <algorithm>
#include <utility>

#include "agent/replica/snapshot_pages.h"
#include "agent/replica/snapshot_walk.h"
#include "crdt/base/plant.h"

namespace agent {

struct Snapshots::Lease {
  base::Result<PageBytes> page(const crdt::SnapshotQuery& query, std::size_t bytes);
  void expect_after(const crdt::SnapshotQuery& query, const PageBytes& page, std::size_t bytes);

  base::NodeId peer;
  std::uint64_t first_step = 0;
  crdt::SnapshotName name;
  std::unique_ptr<store::Reader> reader;
  std::int64_t next_position = 0;  // of the log, in this state
  base::Instant taken;
  base::Instant used;
  bool all_given = false;                   // the last answer was the last page
  std::optional<crdt::SnapshotQuery> next;  // the query that will probably come
  std::size_t next_bytes = 0;               // bound of its page
  std::optional<PageBytes> ahead;           // the page for `next`, made in advance
  std::optional<SnapshotWalk> walk;         // of an export, whose `peer` is a random id
};

Snapshots::Snapshots(std::string path, const store::Options& store, const SnapshotLimits& limits,
                     base::Random& random)
    : path_(std::move(path)), store_options_(store), limits_(limits), random_(random) {}

Snapshots::~Snapshots() = default;

void Snapshots::expire(base::Now now, const store::Store& store) {
  if (leases_.empty()) return;
  bool grown = store.wal_pages() > store_options_.wal_pages + limits_.wal_pages_max ||
               store.log_bytes() > store_options_.log_bytes_max + limits_.log_bytes_max;
  std::erase_if(leases_, [&](const auto& item) {
    const Lease& lease = *item.second;
    return grown || now.instant - lease.used > limits_.idle_max ||
           now.instant - lease.taken > limits_.age_max;
  });
}

std::int64_t Snapshots::keep_from() const {
  std::int64_t from = INT64_MAX;
  for (const auto& [id, lease] : leases_) from = std::min(from, lease->next_position);
  return from;
}

SnapshotRead Snapshots::answer(base::Now now, const SnapshotQuery& asked, const Source& source,
                               base::Status& read) {
  SnapshotRead answer;
  answer.request = asked.request;
  auto query = crdt::decode_snapshot_query(asked.query);
  if (!query.ok()) return answer;
  expire(now, source.store);
  Lease* lease = find(asked.peer, *query);
  if (!lease && query->snapshot != 0 && !PLANTED(kMixedSnapshots)) {
    answer.outcome = Outcome::kGone;
    return answer;
  }
  if (!lease) {
    if (!make_room()) {
      answer.outcome = Outcome::kBusy;
      return answer;
    }
    auto taken = take(now, asked.peer, query->step, source);
    if (!taken.ok()) {
      read = taken.error();
      return answer;
    }
    lease = *taken;
  }
  lease->used = now.instant;
  std::size_t bytes = limits_.page_bytes;
  if (asked.bytes_max != 0) bytes = std::min<std::uint64_t>(bytes, asked.bytes_max);
  auto page = lease->page(*query, bytes);
  if (!page.ok()) {  // a bad row is never sent (rule 13)
    read = page.error();
    leases_.erase(lease->name.id);
    return answer;
  }
  const bool in_between = query->run && query->run->wanted;  // the page after it is still expected
  if (!in_between) {
    lease->all_given = query->run.has_value() && !page->more;
    lease->expect_after(*query, *page, bytes);
  }
  answer.outcome = Outcome::kPage;
  answer.body = std::move(page->body);
  return answer;
}

base::Result<PageBytes> Snapshots::Lease::page(const crdt::SnapshotQuery& query,
                                               std::size_t bytes) {
  if (ahead && next == query && next_bytes == bytes) return *std::exchange(ahead, std::nullopt);
  return make_page(*reader, name, query, bytes);
}

// Null: the export begins.
base::Result<Snapshots::Lease*> Snapshots::lease_of(const ExportState& asked,
                                                    base::NodeId& exporter) {
  if (asked.snapshot != 0) {
    const auto found = leases_.find(asked.snapshot);
    if (found != leases_.end() && found->second->walk) return found->second.get();
    return base::Error{base::Code::kUnavailable,
                       "the snapshot of this export has ended: its client took no page for too "
                       "long, or the write-ahead log has grown too much; export again"};
  }
  for (const auto& [id, lease] : leases_) {
    if (lease->walk) return base::Error{base::Code::kBusy, "another export runs; try again later"};
  }
  base::Bytes id;
  while (id.size() < base::NodeId::kSize) base::append_be64(id, random_.next());
  exporter = *base::NodeId::from(base::BytesView(id).substr(0, base::NodeId::kSize));
  return nullptr;
}

base::Result<StatePage> Snapshots::export_page(base::Now now, const ExportState& asked,
                                               const Source& source) {
  expire(now, source.store);
  base::NodeId exporter;
  ASSIGN_OR_RETURN(Lease * lease, lease_of(asked, exporter));
  if (asked.stop) {
    if (lease) leases_.erase(asked.snapshot);
    return StatePage{};
  }
  if (lease) exporter = lease->peer;
  SnapshotWalk walk = lease ? *lease->walk : SnapshotWalk();
  base::Status read;
  SnapshotRead page = answer(now, {0, exporter, crdt::encode(walk.query()), 0}, source, read);
  if (!read.ok()) return read.error();
  if (page.outcome == Outcome::kBusy) {
    return base::Error{base::Code::kBusy, "too many peers fetch the state now; try again later"};
  }
  const auto found = std::find_if(leases_.begin(), leases_.end(),
                                  [&](const auto& item) { return item.second->peer == exporter; });
  if (page.outcome != Outcome::kPage || found == leases_.end()) {
    return base::Error{base::Code::kUnavailable, "the state cannot be read now; export again"};
  }
  lease = found->second.get();
  StatePage out{lease->name.id, lease->name.state, std::move(page.body)};
  if (walk.query().run) {
    walk.after_cells(lease->next);
  } else {
    RETURN_IF_ERROR(walk.after_head(out.body));
    lease->next = walk.query();
    lease->next_bytes = limits_.page_bytes;
  }
  out.more = !walk.done();
  if (!out.more) leases_.erase(found);
  if (out.more) lease->walk = std::move(walk);
  return out;
}

// `next` is a guess. A peer that asks for something else gets what it asks for.
void Snapshots::Lease::expect_after(const crdt::SnapshotQuery& query, const PageBytes& page,
                                    std::size_t bytes) {
  next.reset();
  ahead.reset();
  if (!query.run || !page.more || !page.last) return;
  next = query;
  ++next->step;
  next->snapshot = name.id;
  next->run->after = page.last;
  next_bytes = bytes;
}

bool Snapshots::read_ahead() {
  for (auto& [id, lease] : leases_) {
    if (!lease->next || lease->ahead) continue;
    auto page = make_page(*lease->reader, lease->name, *lease->next, lease->next_bytes);
    if (page.ok()) {
      lease->ahead = std::move(*page);
    } else {
      lease->next.reset();  // the query itself will meet the same error
    }
    return true;
  }
  return false;
}

// The query for a new snapshot may come twice because its answer was lost. It then means the same
// snapshot. Any other query for a new snapshot ends the old lease of this peer.
Snapshots::Lease* Snapshots::find(const base::NodeId& peer, const crdt::SnapshotQuery& query) {
  if (query.snapshot != 0) {
    auto found = leases_.find(query.snapshot);
    return found != leases_.end() && found->second->peer == peer ? found->second.get() : nullptr;
  }
  for (auto& [id, lease] : leases_) {
    if (lease->peer != peer) continue;
    if (lease->first_step == query.step) return lease.get();
    leases_.erase(id);
    return nullptr;
  }
  return nullptr;
}

// A lease that has given all its pages stays, because the peer may still ask for skipped objects.
// It ends when its place is needed.
bool Snapshots::make_room() {
  if (leases_.size() < limits_.leases_max) return true;
  auto oldest = leases_.end();
  for (auto it = leases_.begin(); it != leases_.end(); ++it) {
    if (!it->second->all_given) continue;
    if (oldest == leases_.end() || it->second->used < oldest->second->used) oldest = it;
  }
  if (oldest == leases_.end()) return false;
  leases_.erase(oldest);
  return true;
}

base::Result<Snapshots::Lease*> Snapshots::take(base::Now now, const base::NodeId& peer,
                                                std::uint64_t step, const Source& source) {
  if (source.fault && !source.flushed) return *source.fault;
  if (!source.fault && !PLANTED(kUnsyncedClaimed)) RETURN_IF_ERROR(source.store.sync());
  auto lease = std::make_unique<Lease>();
  ASSIGN_OR_RETURN(lease->reader, store::Reader::open(path_, store_options_));
  RETURN_IF_ERROR(lease->reader->begin());
  ASSIGN_OR_RETURN(const store::Actors* actors, lease->reader->actors());
  ASSIGN_OR_RETURN(const store::Meta meta, lease->reader->meta());
  lease->peer = peer;
  lease->first_step = step;
  lease->name.state = crdt::state_hash(actors->vector_digest(), meta.digest);
  // After a failed COMMIT a reader may see more than what is known to be on the medium.
  if (source.fault && lease->name.state != *source.flushed) return *source.fault;
  do {
    lease->name.id = random_.next();
  } while (lease->name.id == 0 || leases_.contains(lease->name.id));
  lease->next_position = meta.next_position;
  lease->taken = now.instant;
  Lease* taken = lease.get();
  leases_.emplace(taken->name.id, std::move(lease));
  source.synced |= !source.fault;
  return taken;
}

}  // namespace agent
