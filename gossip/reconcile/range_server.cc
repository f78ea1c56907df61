#include "gossip/reconcile/range_server.h"

#include <algorithm>
#include <utility>

namespace gossip {

void RangeServer::requested(base::Instant now, const NodeId& peer,
                            const wire::RangeRequest& request, Actions& out) {
  bool served_now = std::any_of(serving_.begin(), serving_.end(), [&](const auto& entry) {
    return entry.second.peer == peer && entry.second.wanted;
  });
  if (served_now || serving_.size() >= options_.serve_peers_max) {
    ++stats_.ranges_busy;
    answer(peer, {request.request, wire::Range::Outcome::kBusy, {}}, out);
    return;
  }
  // The request names only actors of which the peer lacks changes. Of all other actors it lacks
  // nothing.
  crdt::VersionVector have = claims_.committed();
  for (const crdt::Dependency& entry : request.have) have.set(entry.actor, entry.head);
  std::uint64_t number = ++requests_;
  serving_[number] = {peer, request.request, now + options_.exchange_timeout * 3, true};
  std::size_t bytes_max = options_.range_bytes_max;
  if (request.bytes_max != 0) bytes_max = std::min<std::uint64_t>(bytes_max, request.bytes_max);
  out.push_back(Fetch{number, peer, std::move(have), options_.range_changes_max, bytes_max});
}

void RangeServer::fetched(const Fetched& range, Actions& out) {
  auto found = serving_.find(range.request);
  if (found == serving_.end()) return;
  Serving serving = found->second;
  serving_.erase(found);
  if (!serving.wanted) return;
  wire::Range message{serving.request, wire::Range::Outcome::kBusy, {}};
  switch (range.outcome) {
    case Fetched::Outcome::kMore:
      message.outcome = wire::Range::Outcome::kMore;
      break;
    case Fetched::Outcome::kComplete:
      message.outcome = wire::Range::Outcome::kComplete;
      break;
    case Fetched::Outcome::kBelowFloor:
      ++stats_.below_floor;
      message.outcome = wire::Range::Outcome::kBelowFloor;
      break;
    case Fetched::Outcome::kFailed:
      break;  // the peer gets "busy" and may try again later
  }
  if (range.outcome == Fetched::Outcome::kMore || range.outcome == Fetched::Outcome::kComplete) {
    ++stats_.ranges_served;
    message.changes = range.changes;
  }
  answer(serving.peer, std::move(message), out);
}

void RangeServer::closed(const NodeId& peer) {
  for (auto& [number, serving] : serving_) {
    if (serving.peer == peer) serving.wanted = false;
  }
}

void RangeServer::advance(base::Instant now) {
  std::erase_if(serving_, [&](const auto& entry) { return entry.second.until <= now; });
}

base::Instant RangeServer::next_deadline() const {
  base::Instant next = base::Instant::never();
  for (const auto& [number, serving] : serving_) next = std::min(next, serving.until);
  return next;
}

void RangeServer::answer(const NodeId& peer, wire::Range range, Actions& out) const {
  out.push_back(SendFrame{peer, members_.address_of(peer), wire::encode(std::move(range))});
}

}  // namespace gossip
