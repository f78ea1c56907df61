#include "gossip/reconcile/exchange.h"

#include <algorithm>
#include <utility>

namespace gossip {

bool Exchange::was_wrong(const wire::Vector& answer) {
  std::uint64_t guess = std::exchange(guess_, 0);
  return guess != 0 && answer.base != guess;
}

void Exchange::clear_request() {
  asked_.clear();
  refused_ = false;
}

wire::RangeRequest Exchange::ask(std::uint64_t request, const crdt::VersionVector::Entries& lacking,
                                 const Claims& claims, const Intake& intake) {
  wire::RangeRequest ask{request, {}, 0};
  for (const auto& [actor, head] : lacking) {
    if (ask.have.size() == wire::kEntriesPerMessage) break;
    asked_[actor] = claims.committed().seq_of(actor);
    ask.have.push_back({actor, intake.received(actor)});
  }
  request_ = request;
  return ask;
}

void Exchange::page_taken() {
  fetched_ = true;
  ++storing_;
}

void Exchange::page_stored(const Claims& claims, bool dropped) {
  --storing_;
  if (storing_ == 0 && !is_asking()) return;  // it ends or asks again
  if (!moved(claims)) {
    refused_ = dropped;
    return;
  }
  for (auto& [actor, seq] : asked_) seq = claims.committed().seq_of(actor);
  refused_ = false;
}

void Exchange::compare_with(const Asked& older) {
  for (const auto& [actor, seq] : older) asked_[actor] = seq;
}

bool Exchange::moved(const Claims& claims) const {
  return std::any_of(asked_.begin(), asked_.end(), [&](const auto& entry) {
    return claims.committed().seq_of(entry.first) > entry.second;
  });
}

}  // namespace gossip
