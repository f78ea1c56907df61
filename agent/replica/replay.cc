// Replays held changes: after an upgrade (rule 12) and after a database was set aside (rules 2 and
// 8).

#include <utility>

#include "agent/replica/gate.h"
#include "agent/replica/impl.h"
#include "agent/replica/tail.h"

namespace agent {
namespace {

using Stage = store::Repair::Stage;

constexpr std::size_t kSlice = 1'000;  // changes that one turn replays

}  // namespace

// Replays one part of the old log in each turn. When the old log is done, one turn seals the whole
// tail again.
base::Status Replica::Impl::replay(Turn& turn) {
  ASSIGN_OR_RETURN(const auto rows,
                   store->held().rows(store::HeldKind::kOldLog, replayed_until, kSlice));
  for (const store::HeldChange& held : rows) {
    replayed_until = held.index;
    RETURN_IF_ERROR(apply_held(turn, held));
  }
  if (!rows.empty()) return {};
  RETURN_IF_ERROR(seal_tail(turn));
  RETURN_IF_ERROR(drop_leftovers(turn));
  store->meta().repair = {};
  turn.out.notices.push_back({Notice::Kind::kRebuilt, {}, 0, ""});
  return {};
}

// A change that does not fit yet stays held.
base::Status Replica::Impl::apply_held(Turn& turn, const store::HeldChange& held) {
  auto read = crdt::open_change(held.bytes);
  if (!read.ok()) return store->held().erase(held.index);
  std::vector<crdt::Opened> one;
  one.push_back(std::move(*read));
  const Gate gate = judge(store->actors().vector(), one[0]);
  if (gate == Gate::kMissing) return {};
  if (gate == Gate::kUnknown) {
    // It is reported at every start, so that the node does not ask for the changes after it.
    if (held.kind == store::HeldKind::kOldLog) return hold(turn, one[0].sealed);
    turn.out.facts.stopped.push_back(one[0].sealed.actor);
    return {};
  }
  RETURN_IF_ERROR(store->held().erase(held.index));
  if (gate == Gate::kSeen) return {};
  ASSIGN_OR_RETURN(const auto contradiction, find_contradiction(one));
  if (contradiction) {
    turn.out.notices.push_back(
        {Notice::Kind::kPrevMismatch, one[0].sealed.actor, one[0].sealed.seq, "a held change"});
    return store->proofs().keep(one[0].sealed);
  }
  RETURN_IF_ERROR(apply_remote(turn, one[0]));
  // The peers whose state was fetched did not have this change.
  if (held.kind == store::HeldKind::kOldLog) add_alone(turn, one[0].sealed.actor);
  return look_again(turn, {one[0].sealed.actor});
}

// Seals the tail again, in the order in which it was sealed first. So each effect finds the cells
// that it kills under their new dots.
base::Status Replica::Impl::seal_tail(Turn& turn) {
  Renaming renaming;
  for (std::int64_t after = 0;;) {
    ASSIGN_OR_RETURN(const auto rows, store->held().rows(store::HeldKind::kTail, after, kSlice));
    if (rows.empty()) return {};
    for (const store::HeldChange& held : rows) {
      after = held.index;
      RETURN_IF_ERROR(store->held().erase(held.index));
      auto opened = crdt::open_change(held.bytes);
      if (!opened.ok() || !opened->envelope_known) continue;
      ASSIGN_OR_RETURN(const bool there, is_held(*store, *opened));
      if (there) continue;
      auto sealed = seal_next(turn, renaming.apply(std::move(opened->change.effects)));
      if (!sealed.ok()) {  // with its new dots it is longer than a change may be
        turn.out.notices.push_back(
            {Notice::Kind::kOwnLost, opened->sealed.actor, opened->sealed.seq,
             "seal a change of our own tail again: " + sealed.error().message});
        continue;
      }
      RETURN_IF_ERROR(apply_own(turn, std::move(*sealed)));
      const base::ActorId& own = store->meta().own_actor;
      renaming.add(opened->sealed.actor, opened->sealed.seq, own,
                   store->actors().vector().seq_of(own));
    }
  }
}

// A change that still lacks a predecessor or a dependency stays held, within the bounds of kind 1,
// and is tried again at every open.
base::Status Replica::Impl::drop_leftovers(Turn& turn) {
  std::int64_t kept = 0;
  std::int64_t bytes = 0;
  std::uint64_t dropped = 0;
  for (std::int64_t after = 0;;) {
    ASSIGN_OR_RETURN(const auto rows, store->held().rows(store::HeldKind::kOldLog, after, kSlice));
    if (rows.empty()) break;
    for (const store::HeldChange& held : rows) {
      after = held.index;
      bytes += static_cast<std::int64_t>(held.bytes.size());
      if (++kept <= store::kHeldUnknownMax && bytes <= store::kHeldUnknownBytesMax) continue;
      RETURN_IF_ERROR(store->held().erase(held.index));
      ++dropped;
    }
  }
  if (kept == 0) return {};
  turn.out.notices.push_back({Notice::Kind::kDropped,
                              {},
                              dropped,
                              std::to_string(kept) +
                                  " changes of the old log lack a change before them, " +
                                  std::to_string(dropped) + " of them are dropped"});
  return {};
}

// Held changes that this version can read, or that fit now, are applied before we claim anything to
// peers.
base::Status Replica::Impl::apply_held_at_open(Turn& turn) {
  if (store->meta().repair.stage != Stage::kNone) return {};
  for (auto kind : {store::HeldKind::kUnknown, store::HeldKind::kOldLog}) {
    for (std::int64_t after = 0;;) {
      ASSIGN_OR_RETURN(const auto rows, store->held().rows(kind, after, kSlice));
      if (rows.empty()) break;
      for (const store::HeldChange& held : rows) {
        after = held.index;
        RETURN_IF_ERROR(apply_held(turn, held));
      }
    }
  }
  return {};
}

}  // namespace agent
