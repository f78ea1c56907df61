
#include "agent/replica/echo.h"

#include <utility>

#include "agent/replica/tail.h"

namespace agent {

// Finds a change that contradicts what we hold. It runs before any change of the message is
// applied. A contradiction is a number with two contents, or a predecessor or dependency with
// another hash than ours. Example: we hold (a,6) with hash X; the message has (a,7) whose `prev` is
// Y.
base::Result<std::optional<Echo::Contradiction>> Echo::find_contradiction(
    const std::vector<crdt::Opened>& changes) {
  crdt::VersionVector vector;  // what we hold, plus the changes of this message so far
  for (const crdt::Opened& opened : changes) {
    const crdt::SealedChange& sealed = opened.sealed;
    const crdt::Head held = context_.actors().vector().head_of(sealed.actor);
    if (vector.seq_of(sealed.actor) == 0) vector.set(sealed.actor, held);
    const crdt::Head head = vector.head_of(sealed.actor);
    bool other =
        (head.seq == sealed.seq && head.hash != sealed.hash) ||
        (opened.envelope_known && sealed.seq == head.seq + 1 && opened.change.prev != head.hash);
    // For an actor of our own node we also compare changes below our head. A copy of this agent
    // that has fewer changes than we have shows itself only there. Example: we hold (a,9), the copy
    // sends another (a,6).
    if (!other && sealed.seq < held.seq && is_of_this_node(*context_.store, sealed.actor)) {
      ASSIGN_OR_RETURN(const auto ours,
                       context_.store->log().find(context_.actors(), sealed.actor, sealed.seq));
      other = ours && crdt::head_hash(*ours) != sealed.hash;
    }
    if (other) return std::optional(Contradiction{&opened, sealed.actor});
    ASSIGN_OR_RETURN(const auto* actor, contradicted_dependency(opened));
    if (actor != nullptr) return std::optional(Contradiction{&opened, *actor});
    if (sealed.seq == head.seq + 1) vector.set(sealed.actor, {sealed.seq, sealed.hash});
  }
  return std::optional<Contradiction>();
}

// Of an actor of our own node we compare the number below our head too: after a machine was put
// back, we may have sealed more changes than peers still have of our past. Example: we hold (a,8),
// a peer depends on another (a,6).
base::Result<const base::ActorId*> Echo::contradicted_dependency(const crdt::Opened& opened) {
  for (const crdt::Dependency& dep : opened.change.deps) {
    const crdt::Head known = context_.actors().vector().head_of(dep.actor);
    if (known.seq == dep.head.seq && known.hash != dep.head.hash) return &dep.actor;
    if (known.seq <= dep.head.seq || !is_of_this_node(*context_.store, dep.actor)) continue;
    ASSIGN_OR_RETURN(const bool other, has_other_content(dep.actor, dep.head));
    if (other) return &dep.actor;
  }
  return nullptr;
}

// True when the change `theirs` of `actor` that a peer holds is provably not ours of this number.
// False when we have no change of this number, or our log no longer has it. A hash of 0 proves
// nothing.
base::Result<bool> Echo::has_other_content(const base::ActorId& actor, const crdt::Head& theirs) {
  const crdt::Head ours = context_.actors().vector().head_of(actor);
  if (theirs.seq == 0 || theirs.hash == 0 || theirs.seq > ours.seq) return false;
  if (theirs.seq == ours.seq) return theirs.hash != ours.hash;
  ASSIGN_OR_RETURN(const auto kept,
                   context_.store->log().find(context_.actors(), actor, theirs.seq));
  return kept && crdt::head_hash(*kept) != theirs.hash;
}

std::uint64_t Echo::floor_of(const base::ActorId& actor) const {
  const auto known = context_.actors().find(actor);
  return known ? known->floor : 0;
}

base::Status Echo::refuse_message(Turn& turn, const Contradiction& found, const std::string& from) {
  const crdt::SealedChange& sealed = found.opened->sealed;
  turn.out.notices.push_back({Notice::Kind::kPrevMismatch, sealed.actor, sealed.seq, from});
  RETURN_IF_ERROR(context_.store->proofs().keep(sealed));
  if (!is_of_this_node(*context_.store, found.actor)) return {};
  ASSIGN_OR_RETURN(const std::uint64_t common, last_in_common(*found.opened, found.actor));
  on_fork(turn, found.actor, common);
  return {};
}

// The last number of `actor` up to which the author of `other` provably holds the same changes as
// we do. If `other` proves nothing, this is the floor of our log, because the tail consists of the
// changes above it.
base::Result<std::uint64_t> Echo::last_in_common(const crdt::Opened& other,
                                                 const base::ActorId& actor) {
  const std::uint64_t floor = floor_of(actor);
  const std::uint64_t before = other.sealed.seq - 1;
  if (other.sealed.actor != actor || !other.envelope_known || before <= floor) return floor;
  ASSIGN_OR_RETURN(const auto ours, context_.store->log().find(context_.actors(), actor, before));
  return ours && crdt::head_hash(*ours) == other.change.prev ? before : floor;
}

bool Echo::is_undecided(const base::ActorId& actor) const {
  return state_.undecided && *state_.undecided == actor;
}

// Other agents hold other contents under our numbers. From now on this database seals nothing, not
// even under another actor, and the next open sets it aside.
void Echo::on_fork(Turn& turn, const base::ActorId& actor, std::uint64_t common) {
  store::Repair& repair = context_.meta().repair;
  if (repair.sets_aside()) return;
  if (actor == context_.meta().own_actor) {
    turn.echo = actor;
    identity_.leave_actor();
  }
  repair = {store::Repair::Stage::kFork, actor, common};
  turn.out.notices.push_back({Notice::Kind::kSetAside, actor, common, "a fork of our own actor"});
}

// A change shows our own actor at a number above ours and does not contradict us. Either we have
// lost our tail, or a copy of this agent goes on writing. We seal nothing more under this actor and
// take its changes like those of any other actor. The predecessor hash of the first one shows which
// of the two cases it is.
void Echo::note_echo(Turn& turn, const crdt::Opened& opened) {
  const base::ActorId own = context_.meta().own_actor;
  if (own.is_zero()) return;
  const std::uint64_t ours = context_.actors().vector().seq_of(own);
  bool echo = opened.sealed.actor == own && opened.sealed.seq > ours;
  for (const crdt::Dependency& dep : opened.change.deps) {
    echo |= dep.actor == own && dep.head.seq > ours;
  }
  if (echo) behind_our_tail(turn, own, ours + 1);
}

// A peer showed `head` of our own actor, without a change. The number may be below our head because
// the peer has not heard yet of our last commits; this alone is no echo.
base::Status Echo::on_echo(Turn& turn, const base::ActorId& actor, crdt::Head head) {
  if (actor.is_zero() || actor != context_.meta().own_actor) return {};
  const crdt::Head ours = context_.actors().vector().head_of(actor);
  if (head.seq > ours.seq) {
    behind_our_tail(turn, actor, head.seq);
    return {};
  }
  ASSIGN_OR_RETURN(const bool other, has_other_content(actor, head));
  if (other) on_fork(turn, actor, floor_of(actor));
  return {};
}

void Echo::behind_our_tail(Turn& turn, const base::ActorId& actor, std::uint64_t seq) {
  turn.out.notices.push_back({Notice::Kind::kEcho, actor, seq, ""});
  turn.echo = actor;
  state_.undecided = actor;
  state_.tail_seen = true;
  identity_.leave_actor();
}

void Echo::suspect_tail(const base::ActorId& actor) {
  state_.tail_seen = true;
  if (!actor.is_zero()) state_.undecided = actor;
}

void Echo::note_applied(const base::ActorId& actor) {
  if (is_undecided(actor)) state_ = {};
}

void Echo::restore(const State& before, const Turn& failed) {
  state_ = before;
  if (!failed.echo) return;
  state_.undecided = failed.echo;
  state_.tail_seen = true;
}

}  // namespace agent
