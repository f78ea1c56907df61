#include "gossip/reconcile/peer_claim.h"

namespace gossip {

std::optional<States> PeerClaim::states(const Claims& ours) const {
  if (!state_) return std::nullopt;
  return States{ours.state(), *state_};
}

void PeerClaim::take(base::Instant now, const Claims& ours, const Vectors::Entries& differs) {
  vector_.emplace(ours, differs);
  vector_at_ = now;
  asked_whole_.reset();
}

bool PeerClaim::ask_whole(base::Instant now, base::Duration within) {
  if (asked_whole_ && now < *asked_whole_ + within) return false;
  asked_whole_ = now;
  return true;
}

std::optional<std::uint64_t> PeerClaim::lag(const Claims& ours) const {
  if (!state_) return std::nullopt;
  if (equals(ours)) return 0;
  if (!vector_) return std::nullopt;
  return vector_->lag(ours);
}

std::optional<std::uint64_t> PeerClaim::behind(const Claims& ours) const {
  if (!state_) return std::nullopt;
  if (equals(ours)) return 0;
  if (!vector_) return std::nullopt;
  return vector_->ahead(ours);
}

}  // namespace gossip
