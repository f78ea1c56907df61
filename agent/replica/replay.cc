#include "agent/replica/replay.h"

#include <utility>

#include "agent/replica/gate.h"
#include "agent/replica/tail.h"
#include "crdt/content.h"

namespace agent {
namespace {

using Stage = store::Repair::Stage;

constexpr std::size_t kSlice = 1'000;  // changes that one turn replays

}  // namespace

// Replays one part of the old log in each turn. When the old log is done, one turn seals the whole
// tail again.
base::Status Replay::step(Turn& turn) {
  ASSIGN_OR_RETURN(const auto rows,
                   context_.store->held().rows(store::HeldKind::kOldLog, until_, kSlice));
  for (const store::HeldChange& held : rows) {
    until_ = held.index;
    RETURN_IF_ERROR(apply_held(turn, held));
  }
  if (!rows.empty()) return {};
  RETURN_IF_ERROR(seal_tail(turn));
  RETURN_IF_ERROR(drop_leftovers(turn));
  context_.meta().repair = {};
  turn.out.notices.push_back({Notice::Kind::kRebuilt, {}, 0, ""});
  return {};
}

// A change that does not fit yet stays held.
base::Status Replay::apply_held(Turn& turn, const store::HeldChange& held) {
  auto read = crdt::open_change(held.bytes);
  // One with an unknown envelope could not be checked when it came.
  if (!read.ok() || !crdt::can_be_shown(read->change)) {
    return context_.store->held().erase(held.index);
  }
  std::vector<crdt::Opened> one;
  one.push_back(std::move(*read));
  const Gate gate = judge(context_.actors().vector(), one[0]);
  if (gate == Gate::kMissing) return {};
  if (gate == Gate::kUnknown) {
    // It is reported at every start, so that the node does not ask for the changes after it.
    if (held.kind == store::HeldKind::kOldLog) return inbox_.hold(turn, one[0].sealed);
    turn.out.facts.stopped.push_back(one[0].sealed.actor);
    return {};
  }
  RETURN_IF_ERROR(context_.store->held().erase(held.index));
  if (gate == Gate::kSeen) return {};
  ASSIGN_OR_RETURN(const auto contradiction, echo_.find_contradiction(one));
  if (contradiction) {
    turn.out.notices.push_back(
        {Notice::Kind::kPrevMismatch, one[0].sealed.actor, one[0].sealed.seq, "a held change"});
    return context_.store->proofs().keep(one[0].sealed);
  }
  RETURN_IF_ERROR(inbox_.apply_remote(turn, one[0]));
  // The peers whose state was fetched did not have this change.
  if (held.kind == store::HeldKind::kOldLog)
    unconfirmed_.add(context_.actors(), one[0].sealed.actor, turn.out.facts);
  return inbox_.look_again(turn, {one[0].sealed.actor});
}

// Seals the tail again, in the order in which it was sealed the first time. So when an effect kills
// a cell of the tail, the new dot of that cell is known already.
base::Status Replay::seal_tail(Turn& turn) {
  Renaming renaming;
  for (std::int64_t after = 0;;) {
    ASSIGN_OR_RETURN(const auto rows,
                     context_.store->held().rows(store::HeldKind::kTail, after, kSlice));
    if (rows.empty()) return {};
    for (const store::HeldChange& held : rows) {
      after = held.index;
      RETURN_IF_ERROR(context_.store->held().erase(held.index));
      auto opened = crdt::open_change(held.bytes);
      if (!opened.ok() || !opened->envelope_known) continue;
      ASSIGN_OR_RETURN(const bool there, is_held(*context_.store, *opened));
      if (there) continue;
      const crdt::Dot next = own_writes_.next_dot(turn);
      renaming.add(opened->sealed.actor, opened->sealed.seq, next.actor, next.seq);
      auto sealed =
          own_writes_.seal_next(turn,
                                without_unseen(renaming.apply(std::move(opened->change.effects)),
                                               context_.actors().vector(), next),
                                std::move(opened->change.request));
      if (!sealed.ok()) {  // with its new dots it is longer than a change may be
        turn.out.notices.push_back(
            {Notice::Kind::kOwnLost, opened->sealed.actor, opened->sealed.seq,
             "seal a change of our own tail again: " + sealed.error().message});
        renaming.forget(opened->sealed.actor, opened->sealed.seq);
        continue;
      }
      RETURN_IF_ERROR(own_writes_.apply(turn, std::move(*sealed)));
    }
  }
}

// A change that still lacks a predecessor or a dependency stays held, within the bounds of
// store/held.h, and is tried again at every open.
base::Status Replay::drop_leftovers(Turn& turn) {
  std::int64_t kept = 0;
  std::int64_t bytes = 0;
  std::uint64_t dropped = 0;
  for (std::int64_t after = 0;;) {
    ASSIGN_OR_RETURN(const auto rows,
                     context_.store->held().rows(store::HeldKind::kOldLog, after, kSlice));
    if (rows.empty()) break;
    for (const store::HeldChange& held : rows) {
      after = held.index;
      bytes += static_cast<std::int64_t>(held.bytes.size());
      if (++kept <= store::kHeldUnknownMax && bytes <= store::kHeldUnknownBytesMax) continue;
      RETURN_IF_ERROR(context_.store->held().erase(held.index));
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

base::Status Replay::at_open(Turn& turn) {
  if (context_.meta().repair.stage != Stage::kNone) return {};
  for (auto kind : {store::HeldKind::kUnknown, store::HeldKind::kOldLog}) {
    for (std::int64_t after = 0;;) {
      ASSIGN_OR_RETURN(const auto rows, context_.store->held().rows(kind, after, kSlice));
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
