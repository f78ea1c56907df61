#include "agent/replica/joining.h"

#include <utility>
#include <vector>

#include "agent/replica/staged_pages.h"
#include "agent/replica/tail.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr char kSetsAside[] = "this agent is about to set its database aside";

}  // namespace

base::Status Joining::start(Turn& turn, const StartJoin& start) {
  restarts_ = 0;
  whole_ = false;
  return ask_first(turn, start.peer, start.unite);
}

base::Status Joining::ask_first(Turn& turn, const base::NodeId& peer, bool unite) {
  RETURN_IF_ERROR(context_.store->staged().clear());
  std::uint64_t first_step = context_.random.next() >> 1;
  JoinLimits limits = context_.options.join;
  if (whole_) limits.missing_max = 0;
  begin(turn, peer, unite, first_step, limits);
  ask(turn);
  return {};
}

void Joining::begin(Turn& turn, const base::NodeId& peer, bool unite, std::uint64_t first_step,
                    const JoinLimits& limits) {
  if (restarts_ == 0) {
    if (join_) report(turn.now, turn.out, Outcome::kStopped, "another state join took its place");
    tally_ = Tally();
    tally_.since = turn.now.instant;
  }
  join_ = std::make_unique<StateJoin>(peer, unite, first_step, limits, context_.actors().vector());
  import_.reset();
  compared_ = false;
}

std::string Joining::source() const { return import_ ? "a file" : join_->peer().hex(); }

void Joining::ask(Turn& turn) {
  turn.out.facts.join = {JoinStep::Kind::kAsk, join_->peer(), crdt::encode(join_->query())};
}

base::Status Joining::end(Turn& turn, Outcome outcome, std::string why) {
  const bool good = outcome == Outcome::kMerged || outcome == Outcome::kNothingNew;
  const auto step = good ? JoinStep::Kind::kDone : JoinStep::Kind::kFailed;
  if (!import_) turn.out.facts.join = {step, join_->peer(), {}};
  report(turn.now, turn.out, outcome, std::move(why));
  join_.reset();
  import_.reset();
  restarts_ = 0;
  whole_ = false;
  return context_.store->staged().clear();
}

void Joining::report(base::Now now, Outputs& out, Outcome outcome, std::string why) const {
  JoinReport report;
  report.outcome = outcome;
  report.why = std::move(why);
  if (!import_) report.peer = join_->peer();
  if (!import_) report.away = absence_.before(now);
  report.counts = tally_.counts;
  report.whole_again = whole_;
  report.pages = tally_.pages;
  report.bytes = tally_.bytes;
  report.took = now.instant - tally_.since;
  out.joins.push_back(report);
}

base::Result<StateJoin::Next> Joining::take_page(base::BytesView page) {
  ++tally_.pages;
  tally_.bytes += page.size();
  return join_->take(*context_.store, page);
}

base::Status Joining::take_answer(Turn& turn, const JoinAnswer& answer) {
  if (!join_ || import_) {
    // The replica has no join that runs. The node still waits for one, so it is told that the join
    // failed.
    if (!turn.out.facts.join) turn.out.facts.join = {JoinStep::Kind::kFailed, answer.peer, {}};
    return {};
  }
  if (join_->peer() != answer.peer) return {};
  ASSIGN_OR_RETURN(StateJoin::Next next, take_page(answer.body));
  if (next == StateJoin::Next::kIgnored) return {};
  const bool again = next == StateJoin::Next::kRestart || next == StateJoin::Next::kUnfit;
  if (again && ++restarts_ <= context_.options.join.restarts_max) {
    whole_ |= next == StateJoin::Next::kUnfit;
    return ask_first(turn, join_->peer(), join_->unite());
  }
  if (again || next == StateJoin::Next::kRefused) {
    std::string why = next == StateJoin::Next::kRefused
                          ? join_->why()
                          : "the peer sent pages of other snapshots again and again";
    turn.out.notices.push_back(
        {Notice::Kind::kJoinRefused, {}, 0, "from " + answer.peer.hex() + ": " + why});
    return end(turn, Outcome::kRefused);
  }
  // The vectors are compared when the peer's is known, and again before the merge, because ours may
  // have moved since.
  const bool compare = join_->knows_vector() && (!compared_ || next == StateJoin::Next::kComplete);
  if (compare) {
    compared_ = true;
    ASSIGN_OR_RETURN(const bool refused, refuse_contradiction(turn));
    if (refused) return end(turn, Outcome::kRefused);
  }
  if (join_->knows_vector() && is_superfluous()) return end(turn, Outcome::kNothingNew);
  if (next == StateJoin::Next::kComplete) {
    ASSIGN_OR_RETURN(next, join_->check_skipped(*context_.store));
  }
  if (next == StateJoin::Next::kComplete) {
    RETURN_IF_ERROR(finish(turn));
    return inbox_.after_merge(turn);
  }
  ask(turn);
  return {};
}

// True when all changes of the snapshot have come over the log in the meantime. This also stops
// rule 6 from running on equal vectors: there it would delete good cells because the other side has
// lost them (rule 8).
bool Joining::is_superfluous() const {
  if (join_->unite() || PLANTED(kDivergenceJoinsEqualVectors)) return false;
  return context_.actors().vector().covers(join_->vector());
}

// Rule 2: the join is refused when the vector of the peer shows our own actor above ours, or one
// number with two contents. If the peer has fewer changes of an actor than we have, our log shows
// whether these are the same changes as ours. If they are not, a join would drop changes that only
// we hold.
base::Result<bool> Joining::refuse_contradiction(Turn& turn) {
  const crdt::VersionVector& ours = context_.actors().vector();
  for (const auto& [actor, theirs] : join_->vector().entries()) {
    crdt::Head head = ours.head_of(actor);
    bool own = actor == context_.meta().own_actor || echo_.is_undecided(actor);
    bool echo = own && theirs.seq > head.seq;
    ASSIGN_OR_RETURN(const bool other, echo_.has_other_content(actor, theirs));
    if (!echo && !other) continue;
    turn.out.notices.push_back({Notice::Kind::kJoinRefused, actor, theirs.seq, "from " + source()});
    // A vector cannot show whether the changes that we hold are the first part of the peer's.
    // A file is refused, and that is all: a real fork is shown by peers too.
    const bool fork = !import_ && (own || (other && is_of_this_node(*context_.store, actor)));
    if (fork) echo_.on_fork(turn, actor, echo_.floor_of(actor));
    return true;
  }
  return false;
}

// Merges cells, vector and floors in the transaction of this turn (rules 6 and 7).
base::Status Joining::finish(Turn& turn) {
  MergeEvents events;
  events.most = context_.options.join.events_max;
  events.bytes_most = context_.options.join.events_bytes_max;
  if (context_.clock.merge(turn.now, join_->clock()) == crdt::HybridClock::Merge::kAhead) {
    turn.out.notices.push_back({Notice::Kind::kClockAhead, {}, 0, "a join from " + source()});
  }
  events.time = context_.clock.latest();
  events.position = context_.meta().next_position++;
  JoinCounts& counts = tally_.counts;
  ASSIGN_OR_RETURN(counts, merge_join(*context_.store, *join_, context_.options.join,
                                      turn.watched ? &events : nullptr));
  counts.own_kept = own_changes_kept();
  if (!join_->unite()) RETURN_IF_ERROR(join_vectors(turn));
  bool moved = counts.cells_added > 0 || counts.cells_removed > 0;
  turn.changed |= moved;
  if (moved) context_.meta().lost_position = events.position;
  for (Event& event : events.events) turn.out.events.push_back(std::move(event));
  turn.out.events_cut |= events.cut;
  return end(turn, Outcome::kMerged);
}

std::uint64_t Joining::own_changes_kept() const {
  std::uint64_t changes = 0;
  context_.actors().visit_lacking(join_->vector(),
                                  [&](const base::ActorId& id, const store::Actor& actor) {
                                    if (!is_of_this_node(*context_.store, id)) return true;
                                    changes += actor.head.seq - join_->vector().seq_of(id);
                                    return true;
                                  });
  return changes;
}

base::Status Joining::join_vectors(Turn& turn) {
  store::Actors& actors = context_.actors();
  StagedPages pages(context_.store->staged(), StateJoin::kHead);
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
      if (theirs.left && theirs.actor != context_.meta().own_actor) actors.set_left(theirs.actor);
    }
  }
}

// Nothing is merged into a state that is about to be set aside.
base::Status Joining::skip(Turn& turn, const Input& input) {
  if (const auto* start = std::get_if<StartJoin>(&input)) {
    turn.out.facts.join = {JoinStep::Kind::kFailed, start->peer, {}};
  }
  return join_ ? end(turn, Outcome::kStopped, kSetsAside) : base::Status();
}

base::Status Joining::stop(Turn& turn, const StopJoin& stop) {
  if (!join_ || import_ || join_->peer() != stop.peer) return {};
  return end(turn, Outcome::kStopped);
}

void Joining::refuse(base::Now now, std::span<Input> inputs, Outputs& out) {
  for (const Input& input : inputs) {
    if (const auto* start = std::get_if<StartJoin>(&input)) {
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
  if (!join_) return;
  if (!import_) out.facts.join = {JoinStep::Kind::kFailed, join_->peer(), {}};
  report(now, out, Outcome::kStopped,
         "the commit failed, so its pages are gone: a line about the disk has the error");
  join_.reset();
  import_.reset();
  restarts_ = 0;
  whole_ = false;
}

}  // namespace agent
