// What a daemon does now and then, without being asked: it keeps its list of members, and gives
// back memory when it is at rest.

#include "agent/daemon.h"
#include "agent/memory.h"

namespace agent {
namespace {

constexpr std::uint64_t kRestTrimMillis = 3'000;  // until all connections have freed their caches

}  // namespace

void Daemon::watch_rest() {
  if (rest_watch_.is_due(reads_ + writes_ + changes_applied_)) {
    store_thread_->release_memory();
    readers_->release_memory();
    mesh_reader_->release_memory();
    // When they have done so; on a thread of their pool, for the loop must not wait.
    later(kRestTrimMillis, [this] {
      readers_->submit([](store::Reader&) {
        give_heap_back();
        return std::function<void()>();
      });
    });
  }
  later(kRestLook.nanos / base::millis(1).nanos, [this] { watch_rest(); });
}

// Not while the disk takes no writes: at our path may stand the directory of another agent.
void Daemon::save_members() {
  if (!condition_.degraded()) memory_->save(mesh_->memory());
}

// Soon after the first member came, then rarely; once more at the end.
void Daemon::remember_members() {
  save_members();
  later(kMemoryGapMillis, [this] { remember_members(); });
}

}  // namespace agent
