// What a daemon does from time to time by itself: it saves its list of members, and gives memory
// back when it is at rest. And what clients ask it to do for itself (maintenance).

#include "agent/clock.h"
#include "agent/daemon.h"
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

}  // namespace agent
