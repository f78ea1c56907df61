#include "agent/replica/inbox.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "agent/replica/apply.h"
#include "agent/replica/gate.h"
#include "crdt/base/plant.h"

namespace agent {

namespace {

// A change is of one object, or of few.
std::set<std::string_view> objects_of(const crdt::Change& change) {
  std::set<std::string_view> objects;
  std::string_view last;
  for (const crdt::Effect& effect : change.effects) {
    if (effect.slot.object != last) objects.insert(effect.slot.object);
    last = effect.slot.object;
  }
  return objects;
}

void note_merge(Turn& turn, const crdt::Change& change, std::uint64_t conflicts) {
  std::vector<Merge>& merges = turn.out.merges;
  for (const std::string_view object : objects_of(change)) {
    auto merge = std::find_if(merges.begin(), merges.end(),
                              [&](const Merge& other) { return other.object == object; });
    if (merge == merges.end()) {
      if (merges.size() >= kMergesTold) continue;
      merges.push_back({std::string(object)});
      merge = std::prev(merges.end());
    }
    ++merge->changes;
    merge->conflicts += std::exchange(conflicts, 0);
    merge->lag_nanos = std::max<std::int64_t>(0, turn.now.wall_nanos - change.time.nanos);
  }
}

}  // namespace

// A message that contradicts what we hold is refused as a whole, before any of its changes is
// applied (rule 2).
base::Status Inbox::take(Turn& turn, Received& received) {
  turn.out.facts.finished.push_back(received.number);
  if (context_.meta().repair.sets_aside()) {
    forget_all(turn, received);
    return {};
  }
  ASSIGN_OR_RETURN(const auto contradiction, echo_.find_contradiction(received.changes));
  if (contradiction) {
    forget_all(turn, received);
    return echo_.refuse_message(turn, *contradiction, "from " + received.from.hex());
  }
  for (crdt::Opened& opened : received.changes) {
    echo_.note_echo(turn, opened);
    RETURN_IF_ERROR(take_in(turn, std::move(opened)));
  }
  return {};
}

// Applies one change if the gate lets it pass (rule 4), and then all changes that waited for it.
base::Status Inbox::take_in(Turn& turn, crdt::Opened&& opened) {
  const crdt::SealedChange& sealed = opened.sealed;
  const base::ActorId actor = sealed.actor;
  switch (judge(context_.actors().vector(), opened)) {
    case Gate::kSeen:
      return {};
    case Gate::kMissing:
      turn.out.facts.parked.emplace_back(actor, sealed.seq);
      if (parked_.add(context_.actors().vector(), std::move(opened))) return {};
      turn.out.facts.parked.pop_back();
      drop(turn, sealed, Notice::Kind::kDropped);
      return {};
    case Gate::kUnknown:
      return hold(turn, sealed);
    case Gate::kReady:
      break;
  }
  RETURN_IF_ERROR(apply_remote(turn, opened));
  return look_again(turn, {actor});
}

base::Status Inbox::apply_remote(Turn& turn, const crdt::Opened& opened) {
  if (context_.clock.merge(turn.now, opened.change.time) == crdt::HybridClock::Merge::kAhead) {
    turn.out.notices.push_back(
        {Notice::Kind::kClockAhead, opened.sealed.actor, opened.sealed.seq, ""});
    if (PLANTED(kFutureStampsParked)) return {};
  }
  echo_.note_applied(opened.sealed.actor);
  const std::uint64_t conflicts = turn.conflicts;
  RETURN_IF_ERROR(apply_change(*context_.store, turn, opened));
  note_merge(turn, opened.change, turn.conflicts - conflicts);
  return {};
}

// A parked change is checked again before it is applied. The predecessor that was applied may have
// another content than the one that the author had.
base::Status Inbox::look_again(Turn& turn, std::set<base::ActorId> moved) {
  while (!moved.empty()) {
    const base::ActorId actor = *moved.begin();
    auto next = parked_.take(context_.actors().vector(), actor);
    if (!next) {
      moved.erase(actor);
      continue;
    }
    turn.taken.emplace_back(next->sealed.actor, next->sealed.seq);
    if (judge(context_.actors().vector(), *next) == Gate::kSeen) continue;
    std::vector<crdt::Opened> one;
    one.push_back(std::move(*next));
    ASSIGN_OR_RETURN(const auto contradiction, echo_.find_contradiction(one));
    if (contradiction) {
      drop(turn, one[0].sealed, Notice::Kind::kDropped);
      RETURN_IF_ERROR(echo_.refuse_message(turn, *contradiction, "a change that was parked"));
      continue;
    }
    if (!one[0].envelope_known) {
      RETURN_IF_ERROR(hold(turn, one[0].sealed));
      continue;
    }
    RETURN_IF_ERROR(apply_remote(turn, one[0]));
    moved.insert(one[0].sealed.actor);
  }
  return {};
}

base::Status Inbox::after_merge(Turn& turn) {
  store::Repair& repair = context_.meta().repair;
  if (repair.stage == store::Repair::Stage::kFetching) {
    repair.stage = store::Repair::Stage::kReplaying;
  }
  return look_again(turn, parked_.awaited());
}

void Inbox::drop(Turn& turn, const crdt::SealedChange& sealed, Notice::Kind why) {
  turn.out.facts.forgotten.emplace_back(sealed.actor, sealed.seq);
  turn.out.notices.push_back({why, sealed.actor, sealed.seq, ""});
}

// Rule 12: the vector of this actor stops here. The change waits for a program version that can
// read it.
base::Status Inbox::hold(Turn& turn, const crdt::SealedChange& sealed) {
  ASSIGN_OR_RETURN(const bool kept, context_.store->held().keep_unknown(sealed));
  turn.out.facts.stopped.push_back(sealed.actor);
  turn.out.notices.push_back({Notice::Kind::kUnknownEnvelope, sealed.actor, sealed.seq, ""});
  if (!kept) turn.out.facts.forgotten.emplace_back(sealed.actor, sealed.seq);
  return {};
}

void Inbox::forget_all(Turn& turn, const Received& received) {
  for (const crdt::Opened& opened : received.changes) {
    turn.out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
  }
}

}  // namespace agent
