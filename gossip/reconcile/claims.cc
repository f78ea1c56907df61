#include "gossip/reconcile/claims.h"

#include <algorithm>

namespace gossip {

void Claims::stored(base::Instant now, const Stored& facts) {
  for (const auto& [actor, head] : facts.advanced) {
    if (head.seq < committed_.seq_of(actor)) continue;
    committed_.set(actor, head);
    unclaimed_[actor] = head;
  }
  if (!facts.durable) return;
  if (unclaimed_.empty() && facts.state == state_) return;
  for (const auto& [actor, head] : unclaimed_) claimed_.set(actor, head);
  unclaimed_.clear();
  state_ = facts.state;
  moved_ = now;
}

bool Claims::is_echo(const base::ActorId& actor, const crdt::Head& head) const {
  if (!own_.contains(actor)) return false;
  crdt::Head ours = committed_.head_of(actor);
  if (head.seq > ours.seq) return true;
  return head.seq != 0 && head.seq == ours.seq && head.hash != ours.hash;
}

void Claims::confirm(const base::ActorId& actor, std::uint64_t seq, Actions& out) {
  if (!own_.contains(actor)) return;
  std::uint64_t held = std::min(seq, claimed_.seq_of(actor));
  std::uint64_t& confirmed = confirmed_[actor];
  if (held <= confirmed) return;
  confirmed = held;
  out.push_back(Confirmed{actor, held});
}

void Claims::confirm_all(Actions& out) {
  for (const base::ActorId& actor : own_) confirm(actor, claimed_.seq_of(actor), out);
}

}  // namespace gossip
