#include "agent/replica/impl.h"

#include <utility>

namespace agent {

// Ends a turn that failed. Clients and the protocol are told that nothing of it was done.
Outputs Replica::Impl::refuse(Turn& turn, std::span<Input> inputs, const base::Error& error) {
  Outputs out;
  for (Input& input : inputs) {
    if (auto* write = std::get_if<Write>(&input)) {
      out.replies.push_back({write->ticket, as_told(error)});
    } else if (auto* received = std::get_if<Received>(&input)) {
      out.facts.finished.push_back(received->number);
      for (const crdt::Opened& opened : received->changes) {
        out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
      }
    }
  }
  // Two kinds of notices stay true although the turn failed: a damaged row, and an echo of our own
  // actor.
  for (Notice& notice : turn.out.notices) {
    bool stands = notice.kind == Notice::Kind::kCorruptRow || notice.kind == Notice::Kind::kEcho;
    if (stands) out.notices.push_back(notice);
  }
  refuse_joins(inputs, out);
  // Changes that left the parked ones in this turn may be lost with it, so all parked changes are
  // forgotten and fetched again.
  for (auto& names : {parked.clear(), turn.taken}) {
    out.facts.forgotten.insert(out.facts.forgotten.end(), names.begin(), names.end());
  }
  out.facts.state = committed;
  if (error.code == base::Code::kCorrupt && store::is_about_log(error.message) && !mend_due) {
    mend_due = true;
    return out;
  }
  if (error.code == base::Code::kCorrupt) {
    note_damage(out, error.message);
    return out;
  }
  if (broken) return out;  // the reason is the fault that was reported already
  // A full disk does not harm the file. After any other fault the file must be opened again on a
  // new connection, so that SQLite recovers it (rule 13).
  bool full = error.code == base::Code::kDiskFull;
  if (!fault || fault->code != error.code) {
    auto kind = full ? Notice::Kind::kDiskFull : Notice::Kind::kDiskFault;
    out.notices.push_back({kind, {}, 0, error.message});
  }
  fault = error;
  // If the rollback could not read the state again, the copy in memory cannot be trusted.
  broken = !full || store->stopped();
  if (broken) reopen_at = turn.now.instant + options.reopen_interval;
  return out;
}

// A checkpoint has failed although what came before it is done. Nothing is written until the
// database was opened again; this is told now, and not when a client writes.
void Replica::Impl::note_stopped(base::Now now, Outputs& out) {
  if (broken || !store->stopped()) return;
  fault = store->usable().error();
  out.notices.push_back({Notice::Kind::kDiskFault, {}, 0, fault->message});
  broken = true;
  reopen_at = now.instant + options.reopen_interval;
}

std::optional<Outputs> Replica::Impl::refuse_displaced(Turn& turn, std::span<Input> inputs) {
  if (options.files == nullptr) return std::nullopt;
  auto placed = options.files->in_place();
  if (placed.ok()) return std::nullopt;
  bool broken_before = broken;
  Outputs out = refuse(turn, inputs, placed.error());
  broken = broken_before;  // the connection itself is sound: it goes on when the files are back
  return out;
}

bool Replica::Impl::reopen(base::Now now, Outputs& out) {
  if (now.instant < reopen_at) return false;
  reopen_at = now.instant + options.reopen_interval;
  store::Meta before = store->meta();
  auto opened = store::Store::open(path, options.store);
  if (!opened.ok()) return false;
  store = std::move(*opened);
  if (!store->begin().ok()) return false;
  leave_actor();
  store->meta().boot_epoch = before.boot_epoch;
  store->meta().next_position += kPositionGap;
  if (!store->commit(store::Durability::kFull).ok()) return false;
  clock = crdt::HybridClock(std::max(clock.latest(), store->meta().clock), options.clock);
  broken = false;
  committed = state();
  fault.reset();
  out.notices.push_back(
      {Notice::Kind::kRecovered, {}, 0, "the database was opened again after the fault"});
  return true;
}

}  // namespace agent
