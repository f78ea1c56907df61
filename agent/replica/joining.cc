#include <utility>

#include "agent/replica/impl.h"
#include "agent/replica/merge.h"
#include "agent/replica/tail.h"
#include "crdt/base/plant.h"

// Both sides of a state join inside a turn of the replica, and the closing of actors.

namespace agent {

base::Status Replica::Impl::start_join(Turn& turn, const StartJoin& start) {
  RETURN_IF_ERROR(store->staged().clear());
  std::uint64_t first_step = random.next() >> 1;
  join = std::make_unique<Join>(start.peer, start.unite, first_step, options.join,
                                store->actors().vector());
  ask(turn);
  return {};
}

void Replica::Impl::ask(Turn& turn) {
  turn.out.facts.join = {JoinStep::Kind::kAsk, join->peer(), crdt::encode(join->query())};
}

base::Status Replica::Impl::stop_join(Turn& turn, JoinStep::Kind outcome) {
  turn.out.facts.join = {outcome, join->peer(), {}};
  join.reset();
  join_restarts = 0;
  return store->staged().clear();
}

base::Status Replica::Impl::take_answer(Turn& turn, const JoinAnswer& answer) {
  if (!join) {
    // The replica has no join that runs. The node still waits for one, so it is told that the join
    // failed.
    if (!turn.out.facts.join) turn.out.facts.join = {JoinStep::Kind::kFailed, answer.peer, {}};
    return {};
  }
  if (join->peer() != answer.peer) return {};
  ASSIGN_OR_RETURN(Join::Next next, join->take(*store, answer.body));
  if (next == Join::Next::kIgnored) return {};
  if (next == Join::Next::kRestart && ++join_restarts <= options.join.restarts_max) {
    return start_join(turn, {join->peer(), join->unite()});
  }
  if (next == Join::Next::kRestart || next == Join::Next::kRefused) {
    std::string why = next == Join::Next::kRefused
                          ? join->why()
                          : "the peer sent pages of other snapshots again and again";
    turn.out.notices.push_back(
        {Notice::Kind::kJoinRefused, {}, 0, "from " + answer.peer.hex() + ": " + why});
    return stop_join(turn, JoinStep::Kind::kFailed);
  }
  if (join->knows_vector()) {
    ASSIGN_OR_RETURN(const bool refused, refuse_contradiction(turn));
    if (refused) return stop_join(turn, JoinStep::Kind::kFailed);
    if (is_superfluous()) return stop_join(turn, JoinStep::Kind::kDone);
  }
  if (next == Join::Next::kComplete) {
    ASSIGN_OR_RETURN(next, join->check_skipped(*store));
  }
  if (next == Join::Next::kComplete) return finish_join(turn);
  ask(turn);
  return {};
}

// True when all changes of the snapshot have come over the log in the meantime. This also stops
// rule 6 from running on equal vectors: there it would delete good cells because the other side has
// lost them (rule 8).
bool Replica::Impl::is_superfluous() const {
  if (join->unite() || PLANTED(kDivergenceJoinsEqualVectors)) return false;
  return store->actors().vector().covers(join->vector());
}

// Rule 2: the join is refused when the vector of the peer shows our own actor above ours, or one
// number with two contents. Where the peer has fewer changes of an actor than we, our log shows
// whether they are the same: a join would drop what we hold alone under the numbers of the peer.
base::Result<bool> Replica::Impl::refuse_contradiction(Turn& turn) {
  const crdt::VersionVector& ours = store->actors().vector();
  for (const auto& [actor, theirs] : join->vector().entries()) {
    crdt::Head head = ours.head_of(actor);
    bool own = actor == store->meta().own_actor || is_undecided(actor);
    bool echo = own && theirs.seq > head.seq;
    ASSIGN_OR_RETURN(const bool other, has_other_content(actor, theirs));
    if (!echo && !other) continue;
    turn.out.notices.push_back(
        {Notice::Kind::kJoinRefused, actor, theirs.seq, "from " + join->peer().hex()});
    // A vector cannot show whether the changes that we hold are the first part of the peer's.
    if (own || (other && is_of_this_node(*store, actor))) on_fork(turn, actor, floor_of(actor));
    return true;
  }
  return false;
}

// Merges cells, vector and floors in the transaction of this turn (rules 6 and 7).
base::Status Replica::Impl::finish_join(Turn& turn) {
  MergeEvents events;
  events.most = options.join.events_max;
  events.bytes_most = options.join.events_bytes_max;
  if (clock.merge(turn.now, join->clock()) == crdt::HybridClock::Merge::kAhead) {
    turn.out.notices.push_back(
        {Notice::Kind::kClockAhead, {}, 0, "a join from " + join->peer().hex()});
  }
  events.time = clock.latest();
  events.position = store->meta().next_position++;
  ASSIGN_OR_RETURN(const Merged merged,
                   merge_join(*store, *join, options.join, turn.watched ? &events : nullptr));
  if (!join->unite()) RETURN_IF_ERROR(join_vectors(turn));
  bool moved = merged.added > 0 || merged.dropped > 0;
  turn.changed |= moved;
  if (moved) store->meta().lost_position = events.position;
  for (Event& event : events.events) turn.out.events.push_back(std::move(event));
  turn.out.events_cut |= events.cut;
  turn.out.notices.push_back({Notice::Kind::kJoined,
                              {},
                              0,
                              "from " + join->peer().hex() + ": " + std::to_string(merged.added) +
                                  " cells added, " + std::to_string(merged.dropped) + " dropped"});
  RETURN_IF_ERROR(stop_join(turn, JoinStep::Kind::kDone));
  return after_merge(turn);
}

base::Status Replica::Impl::join_vectors(Turn& turn) {
  store::Actors& actors = store->actors();
  StagedPages pages(store->staged(), Join::kHead);
  for (;;) {
    ASSIGN_OR_RETURN(const auto page, pages.next());
    if (!page) return {};
    for (const crdt::SnapshotActor& theirs : page->actors) {
      const auto known = actors.find(theirs.actor);
      if (theirs.node && !(known && known->node)) actors.set_node(theirs.actor, *theirs.node);
      if (!actors.vector().covers(theirs.actor, theirs.head.seq)) {
        actors.advance(theirs.actor, theirs.head);
        if (!PLANTED(kFloorNotRaisedByJoin)) actors.raise_floor(theirs.actor, theirs.head.seq);
        turn.out.facts.advanced[theirs.actor] = theirs.head;
      }
      if (theirs.named) actors.name(theirs.actor, theirs.head.seq);
      if (theirs.left && theirs.actor != store->meta().own_actor) actors.set_left(theirs.actor);
    }
  }
}

void Replica::Impl::answer_queries(Turn& turn, std::span<Input> inputs) {
  for (const Input& input : inputs) {
    const auto* query = std::get_if<SnapshotQuery>(&input);
    if (!query) continue;
    if (store->meta().repair.sets_aside()) {  // peers must not get a state that we give up
      turn.out.pages.push_back({query->request, SnapshotRead::Outcome::kFailed, {}});
      continue;
    }
    base::Status read;
    turn.out.pages.push_back(snapshots.answer(turn.now, *query, *store, turn.synced, read));
    if (!read.ok() && read.error().code == base::Code::kCorrupt) {
      note_damage(turn.out, read.error().message);
    }
  }
}

// Nothing is merged into a state that is about to be set aside.
base::Status Replica::Impl::skip_join(Turn& turn, const Input& input) {
  if (const auto* start = std::get_if<StartJoin>(&input)) {
    turn.out.facts.join = {JoinStep::Kind::kFailed, start->peer, {}};
  }
  return join ? stop_join(turn, JoinStep::Kind::kFailed) : base::Status();
}

// What a refused turn means for state joins: queries of peers fail, and so does our own join,
// because the pages of this turn were rolled back.
void Replica::Impl::refuse_joins(std::span<Input> inputs, Outputs& out) {
  for (const Input& input : inputs) {
    if (const auto* query = std::get_if<SnapshotQuery>(&input)) {
      out.pages.push_back({query->request, SnapshotRead::Outcome::kFailed, {}});
    } else if (const auto* start = std::get_if<StartJoin>(&input)) {
      out.facts.join = {JoinStep::Kind::kFailed, start->peer, {}};
    } else if (const auto* answer = std::get_if<JoinAnswer>(&input)) {
      // This may have been the last page: the merge was rolled back with the turn.
      out.facts.join = {JoinStep::Kind::kFailed, answer->peer, {}};
    } else if (const auto* seen = std::get_if<DivergenceSeen>(&input)) {
      // The result of checking our rows was rolled back too. The node must report the divergence
      // again.
      out.facts.join = {JoinStep::Kind::kFailed, seen->peer, {}};
    }
  }
  if (!join) return;
  out.facts.join = {JoinStep::Kind::kFailed, join->peer(), {}};
  join.reset();
  join_restarts = 0;
}

void Replica::Impl::close_actors(const CloseActors& close) {
  store::Actors& actors = store->actors();
  for (const base::ActorId& id : close.actors) {
    const auto actor = actors.find(id);
    if (actor && actor->left && !actor->closed) actors.set_closed(id, true);
  }
}

// The owner of `id` now writes under `id`, so it has left its other actors (rule 2).
void Replica::Impl::leave_others(const base::ActorId& id, const base::NodeId& node) {
  store::Actors& actors = store->actors();
  std::vector<base::ActorId> others;
  for (const auto& [other, actor] : actors.loose()) {
    bool same_node = actor.node && *actor.node == node;
    if (same_node && other != id && other != store->meta().own_actor) others.push_back(other);
  }
  for (const base::ActorId& other : others) actors.set_left(other);
}

std::vector<base::ActorId> Replica::left() const {
  std::vector<base::ActorId> found;
  for (const auto& [id, actor] : impl_->store->actors().loose()) {
    if (actor.left && !actor.closed) found.push_back(id);
  }
  return found;
}

std::vector<base::ActorId> Replica::closed_lately() const {
  std::vector<base::ActorId> found;
  for (const auto& [id, actor] : impl_->store->actors().loose()) {
    if (actor.closed) found.push_back(id);
  }
  return found;
}

std::vector<base::ActorId> Replica::alone() const {
  std::vector<base::ActorId> found;
  for (const auto& [id, confirmed] : impl_->alone) found.push_back(id);
  return found;
}

std::vector<base::ActorId> Replica::closed() const {
  std::vector<base::ActorId> found;
  impl_->store->actors().visit([&](const base::ActorId& id, const store::Actor& actor) {
    if (actor.closed) found.push_back(id);
    return true;
  });
  return found;
}

}  // namespace agent
