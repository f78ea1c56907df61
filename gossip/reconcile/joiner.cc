#include "gossip/reconcile/joiner.h"

#include <utility>

#include "crdt/base/check.h"

namespace gossip {

void Joiner::start(base::Instant now, const NodeId& peer, Actions& out) {
  CHECK(!join_);
  ++stats_.state_joins;
  if (stopped_ && stopped_->first == peer) stopped_.reset();
  join_ = Running{peer, Running::Phase::kReplica, {}, 0, 0, now + options_.join_store_timeout};
  out.push_back(StartStateJoin{peer});
}

std::optional<NodeId> Joiner::peer() const {
  if (!join_) return std::nullopt;
  return join_->peer;
}

std::optional<Joiner::Ended> Joiner::stored(base::Instant now, const JoinStep& step, Actions& out) {
  bool ours = join_ && join_->peer == step.peer;
  bool stopped = !ours && stopped_ && stopped_->first == step.peer && now < stopped_->second;
  if (step.kind == JoinStep::Kind::kAsk) {
    if (stopped) {
      out.push_back(StopStateJoin{step.peer});
      return std::nullopt;
    }
    std::optional<Ended> replaced;
    if (join_ && !ours) replaced = Ended{join_->peer, false};
    if (!ours) ++stats_.state_joins;
    join_ = Running{step.peer, Running::Phase::kPeer, step.query, 0, 0, now};
    ask(now, out);
    return replaced;
  }
  bool merged = step.kind == JoinStep::Kind::kDone;
  // A join that the replica could not begin has failed as well.
  if (!ours && (merged || stopped)) return std::nullopt;
  if (!ours) return Ended{step.peer, false};
  merged ? ++stats_.state_joins_merged : ++stats_.state_joins_failed;
  join_.reset();
  return Ended{step.peer, merged};
}

void Joiner::ask(base::Instant now, Actions& out) {
  ++join_->tries;
  join_->phase = Running::Phase::kPeer;
  join_->request = ++requests_;
  join_->deadline = now + options_.exchange_timeout;
  Address address = members_.address_of(join_->peer);
  std::uint64_t bytes_max = page_.of(options_.range_bytes_max);
  wire::SnapshotRequest request{join_->request, join_->query, bytes_max};
  out.push_back(SendFrame{join_->peer, address, wire::encode(std::move(request))});
}

std::optional<Joiner::Ended> Joiner::receive(base::Instant now, const NodeId& from,
                                             const wire::SnapshotAnswer& page, Actions& out) {
  bool awaited = join_ && join_->peer == from && join_->phase != Running::Phase::kReplica;
  if (!awaited || page.request > join_->request) return std::nullopt;
  // On a slow link every page may come after we gave up its query. So a page for any try of this
  // query is taken.
  auto back = join_->request - page.request;
  bool late = back > 0 || join_->phase == Running::Phase::kPause;
  if (back >= static_cast<std::uint64_t>(join_->tries)) return std::nullopt;
  if (late && page.outcome != wire::SnapshotAnswer::Outcome::kPage) return std::nullopt;
  switch (page.outcome) {
    case wire::SnapshotAnswer::Outcome::kPage:
      break;
    case wire::SnapshotAnswer::Outcome::kBusy:
      return pause(now, out);
    case wire::SnapshotAnswer::Outcome::kGone:
    case wire::SnapshotAnswer::Outcome::kFailed:
      return stop(now, out);
  }
  ++stats_.state_join_pages;
  if (!late) page_.came();
  join_->phase = Running::Phase::kReplica;
  join_->deadline = now + options_.join_store_timeout;
  out.push_back(StateJoinPage{from, page.body});
  return std::nullopt;
}

// Sends the same query again after a pause. After kQueryTries tries the join ends.
std::optional<Joiner::Ended> Joiner::pause(base::Instant now, Actions& out) {
  if (join_->tries >= kQueryTries) return stop(now, out);
  base::Duration interval = options_.profile.ping_interval;
  auto extra = random_.below(static_cast<std::uint64_t>(interval.nanos + 1));
  join_->phase = Running::Phase::kPause;
  join_->deadline = now + interval + base::nanos(static_cast<std::int64_t>(extra));
  return std::nullopt;
}

void Joiner::closed(base::Instant now, const NodeId& peer) {
  if (!join_ || join_->peer != peer || join_->phase != Running::Phase::kPeer) return;
  // advance() decides whether to ask again or to end the join.
  join_->deadline = now;
}

std::optional<Joiner::Ended> Joiner::stop(base::Instant now, Actions& out) {
  if (!join_) return std::nullopt;
  ++stats_.state_joins_failed;
  Ended ended{join_->peer, false};
  stopped_ = {join_->peer, now + options_.exchange_timeout};
  join_.reset();
  out.push_back(StopStateJoin{ended.peer});
  return ended;
}

std::optional<Joiner::Ended> Joiner::advance(base::Instant now, Actions& out) {
  if (!join_ || now < join_->deadline) return std::nullopt;
  switch (join_->phase) {
    case Running::Phase::kReplica:
      return stop(now, out);
    case Running::Phase::kPeer:
      page_.lost();
      return pause(now, out);
    case Running::Phase::kPause:
      ask(now, out);
      return std::nullopt;
  }
  return std::nullopt;
}

base::Instant Joiner::next_deadline() const {
  return join_ ? join_->deadline : base::Instant::never();
}

}  // namespace gossip
