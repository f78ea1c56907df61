#include "agent/replica/disk_faults.h"

#include <algorithm>
#include <utility>

#include "agent/replica/positions.h"

namespace agent {

void DiskFaults::note(base::Now now, const base::Error& error, Outputs& out) {
  if (broken_) return;  // the reason is the fault that was told already
  tell(error, out);
  // If the rollback could not read the state again, the copy in memory cannot be trusted.
  broken_ = error.code != base::Code::kDiskFull || context_.store->stopped();
  if (broken_) reopen_at_ = now.instant + context_.options.reopen_interval;
}

void DiskFaults::note_displaced(const base::Error& error, Outputs& out) {
  if (!broken_) tell(error, out);
}

void DiskFaults::tell(const base::Error& error, Outputs& out) {
  const bool full = error.code == base::Code::kDiskFull;
  if (!fault_ || fault_->code != error.code) {
    const auto kind = full ? Notice::Kind::kDiskFull : Notice::Kind::kDiskFault;
    out.notices.push_back({kind, {}, 0, error.message});
  }
  fault_ = error;
}

void DiskFaults::note_stopped(base::Now now, Outputs& out) {
  if (broken_ || !context_.store->stopped()) return;
  fault_ = context_.store->usable().error();
  out.notices.push_back({Notice::Kind::kDiskFault, {}, 0, fault_->message});
  broken_ = true;
  reopen_at_ = now.instant + context_.options.reopen_interval;
}

void DiskFaults::note_commit(Outputs& out) {
  if (!fault_) return;
  fault_.reset();
  out.notices.push_back({Notice::Kind::kRecovered, {}, 0, "writes succeed again"});
  DatabaseFiles* files = context_.options.files;
  if (files != nullptr) files->fill_ballast(context_.path + kBallastSuffix);
}

bool DiskFaults::reopen(base::Now now, Outputs& out) {
  if (now.instant < reopen_at_) return false;
  reopen_at_ = now.instant + context_.options.reopen_interval;
  const std::uint64_t boot_epoch = context_.meta().boot_epoch;
  const std::int64_t unused = unused_position(context_.meta());
  auto opened = store::Store::open(context_.path, context_.options.store);
  if (!opened.ok()) return false;
  context_.store = std::move(*opened);
  if (!context_.store->begin().ok()) return false;
  identity_.leave_actor();
  context_.meta().boot_epoch = boot_epoch;
  leap_positions(context_.meta(), std::max(unused, unused_position(context_.meta())),
                 context_.random);
  if (!context_.store->commit(store::Durability::kFull).ok()) return false;
  context_.clock = crdt::HybridClock(std::max(context_.clock.latest(), context_.meta().clock),
                                     context_.options.clock);
  broken_ = false;
  context_.committed = context_.state();
  fault_.reset();
  out.notices.push_back(
      {Notice::Kind::kRecovered, {}, 0, "the database was opened again after the fault"});
  return true;
}

}  // namespace agent
