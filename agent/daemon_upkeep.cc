// What a daemon does from time to time by itself: it saves its list of members, and gives memory
// back when it is at rest. And what clients ask it about itself: maintenance and metrics.

#include "agent/clock.h"
#include "agent/daemon.h"
#include "agent/daemon_metrics.h"
#include "agent/memory.h"

namespace agent {
namespace {

constexpr std::uint64_t kRestTrimMillis = 3'000;  // time for all connections to free their caches

}  // namespace

void Daemon::watch_rest() {
  if (rest_watch_.is_due(reads_ + writes_ + changes_applied_)) {
    store_thread_->release_memory();
    readers_->release_memory();
    mesh_reader_->release_memory();
    // After they have freed their memory. It runs on a thread of the pool, because the loop must
    // not wait.
    later(kRestTrimMillis, [this] {
      readers_->submit([](store::Reader&) {
        give_heap_back();
        return std::function<void()>();
      });
    });
  }
  later(kRestLook.nanos / base::millis(1).nanos, [this] { watch_rest(); });
}

void Daemon::maintain(decltype(Maintain::what) what, MaintenanceDone done) {
  if (again_) {
    return done(
        base::Error{base::Code::kUnavailable,
                    "the agent opens its database again; send the request again in some seconds"});
  }
  const std::uint64_t ticket = next_ticket_++;
  if (!store_thread_->submit(Maintain{ticket, std::move(what)})) {
    return done(base::Error{base::Code::kBusy, "too many writes wait for the disk; try again"});
  }
  maintaining_.emplace(ticket, std::move(done));
}

// Not while the disk takes no writes: the directory at our path may be that of another agent.
void Daemon::save_members() {
  if (!condition_.degraded()) memory_->save(mesh_->node().memory(read_clock()));
}

// Soon after the first member came, then rarely, and once at the end.
void Daemon::remember_members() {
  save_members();
  later(kMemoryGapMillis, [this] { remember_members(); });
}

std::string Daemon::metrics() const {
  DaemonCounts counts;
  counts.writes = writes_;
  counts.presences = mesh_->node().presence_count();
  counts.writes_refused = writes_refused_;
  counts.changes_applied = changes_applied_;
  counts.notices = notice_counts_;
  counts.waiting = store_thread_->waiting();
  counts.watchers = watchers_.size();
  counts.uptime = uptime();
  counts.degraded = condition_.degraded() || has_twin();
  counts.isolated = !isolation_->reason().empty();
  counts.store = figures_.figures();
  counts.wal_bytes_max = store_thread_->wal_bytes_max();
  counts.free_pages = store_thread_->free_pages();
  counts.replica = store_thread_->counts();
  counts.joins = joins_.totals();
  counts.now = read_clock().instant;
  counts.log_lines_lost = log_.lost_lines();
  counts.access = access_.counts();
  counts.api_keys = access_.keys();
  counts.nonces = access_.nonces();
  return metrics_text(facts_, counts, members(), mesh_->node().stats(), mesh_->transport_stats(),
                      server_->stats());
}

}  // namespace agent
