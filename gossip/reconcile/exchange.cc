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

void Exchange::page_taken(std::uint64_t number) {
  fetched_ = true;
  storing_.insert(number);
}

bool Exchange::page_stored(std::uint64_t number, const Claims& claims, bool dropped) {
  if (storing_.erase(number) == 0) return false;
  if (storing_.empty() && !is_asking()) return true;  // it ends or asks again
  refused_ = dropped && !moved(claims);
  if (!moved(claims)) return true;
  for (auto& [actor, seq] : asked_) seq = claims.committed().seq_of(actor);
  return true;
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
