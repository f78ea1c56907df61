#include "gossip/reconcile/snapshot_server.h"

#include <algorithm>
#include <utility>

namespace gossip {

void SnapshotServer::requested(base::Instant now, const NodeId& peer,
                               const wire::SnapshotRequest& request, Actions& out) {
  auto found = places_.find(peer);
  if (found == places_.end()) {
    if (places_.size() >= options_.join_serve_max) {
      ++stats_.snapshots_busy;
      return answer(peer, {request.request, wire::SnapshotAnswer::Outcome::kBusy, {}}, out);
    }
    found = places_.emplace(peer, Place{}).first;
  }
  Place& place = found->second;
  place.request = request.request;
  // The peer asked again while the page is read. The answer carries the later number.
  bool same = place.query == request.query && place.bytes_max == request.bytes_max;
  if (place.reading != 0 && same) return;
  place.reading = ++requests_;
  place.query = request.query;
  place.bytes_max = request.bytes_max;
  place.until = now + options_.exchange_timeout * 3;
  out.push_back(ReadSnapshot{place.reading, peer, request.query, request.bytes_max});
}

void SnapshotServer::read(base::Instant now, const SnapshotRead& read, Actions& out) {
  auto found = std::find_if(places_.begin(), places_.end(), [&](const auto& entry) {
    return entry.second.reading == read.request;
  });
  if (read.request == 0 || found == places_.end()) return;
  auto& [peer, place] = *found;
  NodeId asker = peer;
  wire::SnapshotAnswer page{place.request, wire::SnapshotAnswer::Outcome::kPage, {}};
  place.reading = 0;
  place.until = now + options_.exchange_timeout;
  bool ends = read.outcome != SnapshotRead::Outcome::kPage;
  // The peer's decoder would refuse a larger page.
  if (!ends && read.body.size() > wire::kPageBytesMax) {
    page.outcome = wire::SnapshotAnswer::Outcome::kFailed;
  } else if (!ends) {
    ++stats_.snapshots_served;
    page.body = read.body;
  } else if (read.outcome == SnapshotRead::Outcome::kBusy) {
    ++stats_.snapshots_busy;
    page.outcome = wire::SnapshotAnswer::Outcome::kBusy;
  } else if (read.outcome == SnapshotRead::Outcome::kGone) {
    page.outcome = wire::SnapshotAnswer::Outcome::kGone;
  } else {
    page.outcome = wire::SnapshotAnswer::Outcome::kFailed;
  }
  if (page.outcome != wire::SnapshotAnswer::Outcome::kPage) places_.erase(found);
  answer(asker, std::move(page), out);
}

void SnapshotServer::advance(base::Instant now) {
  std::erase_if(places_, [&](const auto& entry) { return entry.second.until <= now; });
}

base::Instant SnapshotServer::next_deadline() const {
  base::Instant next = base::Instant::never();
  for (const auto& [peer, place] : places_) next = std::min(next, place.until);
  return next;
}

void SnapshotServer::answer(const NodeId& peer, wire::SnapshotAnswer page, Actions& out) const {
  out.push_back(SendFrame{peer, members_.address_of(peer), wire::encode(std::move(page))});
}

}  // namespace gossip
