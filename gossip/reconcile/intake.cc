#include "gossip/reconcile/intake.h"

#include <optional>

#include "crdt/base/plant.h"
#include "crdt/content.h"

namespace gossip {
namespace {

std::optional<crdt::Dependency> echo_in(const Claims& claims, const crdt::Opened& opened) {
  const crdt::SealedChange& sealed = opened.sealed;
  crdt::Head head{sealed.seq, sealed.hash};
  if (claims.is_echo(sealed.actor, head)) return crdt::Dependency{sealed.actor, head};
  for (const crdt::Dependency& dependency : opened.change.deps) {
    if (claims.is_echo(dependency.actor, dependency.head)) return dependency;
  }
  return std::nullopt;
}

}  // namespace

Intake::Taken Intake::take(const NodeId& from, const std::vector<base::Bytes>& changes, bool page,
                           Actions& out) {
  std::vector<crdt::Opened> fresh;
  for (const base::Bytes& bytes : changes) {
    base::Result<crdt::Opened> opened = crdt::open_change(bytes);
    if (!opened || !crdt::can_be_shown(opened->change)) {
      ++stats_.refused_content;
      continue;
    }
    if (auto echo = echo_in(claims_, *opened)) {
      return {Outcome::kEcho, *echo};
    }
    ++stats_.changes_received;
    fresh.push_back(std::move(*opened));
  }
  Apply apply{0, from, {}};
  std::size_t bytes = 0;
  for (crdt::Opened& opened : fresh) {
    const crdt::SealedChange& sealed = opened.sealed;
    if (is_seen(sealed)) {
      ++stats_.changes_duplicate;
      continue;
    }
    // The last change may exceed the bound: a change as large as the bound must get through.
    if (bytes_ + bytes >= options_.apply_bytes_max) {
      ++stats_.changes_dropped;
      continue;
    }
    bytes += sealed.bytes.size();
    remember(sealed, from);
    apply.changes.push_back(std::move(opened));
  }
  if (apply.changes.empty()) return {};
  bytes_ += bytes;
  apply.number = ++numbers_;
  under_way_[apply.number] = {bytes, from, page};
  out.push_back(std::move(apply));
  return {Outcome::kTaken, {}, out.size() - 1, numbers_};
}

Intake::Finished Intake::stored(const Stored& facts) {
  Finished finished;
  for (const auto& [actor, head] : facts.advanced) {
    auto entry = seen_.lower_bound({actor, 0});
    while (entry != seen_.end() && entry->first.first == actor && entry->first.second <= head.seq) {
      erase(entry++);
    }
  }
  for (const auto& key : facts.forgotten) {
    auto entry = seen_.find(key);
    if (entry == seen_.end()) continue;
    finished.wanting.try_emplace(entry->second.from, false);
    if (!PLANTED(kDroppedStaysSeen)) erase(entry);
  }
  for (const auto& key : facts.parked) {
    auto entry = seen_.find(key);
    if (entry != seen_.end()) finished.wanting[entry->second.from] = true;
  }
  for (std::uint64_t number : facts.finished) {
    auto done = under_way_.find(number);
    if (done == under_way_.end()) continue;
    bytes_ -= done->second.bytes;
    if (done->second.page) finished.pages.push_back({done->second.from, number});
    under_way_.erase(done);
  }
  return finished;
}

crdt::Head Intake::received(const base::ActorId& actor) const {
  crdt::Head head = claims_.committed().head_of(actor);
  for (;;) {
    auto next = seen_.find({actor, head.seq + 1});
    if (next == seen_.end()) return head;
    head = {head.seq + 1, next->second.hash};
  }
}

crdt::VersionVector::Entries Intake::lacking(const crdt::VersionVector::Entries& theirs) const {
  crdt::VersionVector::Entries lacking;
  for (const auto& [actor, head] : theirs) {
    if (claims_.committed().covers(actor, head.seq) || claims_.is_stopped(actor)) continue;
    if (received(actor).seq < head.seq) lacking[actor] = head;
  }
  return lacking;
}

void Intake::forget(const base::ActorId& actor) {
  auto entry = seen_.lower_bound({actor, 0});
  while (entry != seen_.end() && entry->first.first == actor) erase(entry++);
}

bool Intake::is_seen(const crdt::SealedChange& change) const {
  // A second content under a number that we hold or that is under way goes on to the replica, which
  // keeps it as proof of a fork (rule 2).
  crdt::Head head = claims_.committed().head_of(change.actor);
  if (change.seq == head.seq) return change.hash == head.hash;
  if (change.seq < head.seq) return true;
  auto entry = seen_.find({change.actor, change.seq});
  return entry != seen_.end() && entry->second.hash == change.hash;
}

void Intake::remember(const crdt::SealedChange& change, const NodeId& from) {
  Key key{change.actor, change.seq};
  auto there = seen_.find(key);
  if (there != seen_.end()) erase(there);
  if (order_.size() >= kSeenMax) erase(seen_.find(order_.begin()->second));
  seen_[key] = {change.hash, ++orders_, from};
  order_[orders_] = key;
}

void Intake::erase(std::map<Key, Seen>::iterator entry) {
  order_.erase(entry->second.order);
  seen_.erase(entry);
}

}  // namespace gossip
