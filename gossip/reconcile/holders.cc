#include "gossip/reconcile/holders.h"

#include <algorithm>
#include <utility>

namespace gossip {

void Holders::ask(base::Instant now, const HolderWish& wish, std::vector<NodeId> known,
                  Actions& out) {
  const bool enough = known.size() >= wish.wanted;
  if (enough || wish.until <= now || open_ >= kHolderWishesMax) {
    out.push_back(HeldBy{wish.ticket, std::move(known)});
    return;
  }
  auto [place, fresh] = asked_.try_emplace(wish.actor);
  Asked& asked = place->second;
  for (const NodeId& node : known) {
    std::uint64_t& held = asked.held[node];
    held = std::max(held, wish.seq);
  }
  asked.wishes.push_back(wish);
  ++open_;
  asked.gap = kHolderFirstRound;
  asked.round = fresh ? now + asked.gap : std::min(asked.round, now + asked.gap);
}

wire::HolderAnswer Holders::answer(const wire::HolderQuestion& question) const {
  return {question.actor, claims_.claimed().seq_of(question.actor)};
}

void Holders::receive(const NodeId& node, const wire::HolderAnswer& answer, Actions& out) {
  auto asked = asked_.find(answer.actor);
  if (asked == asked_.end() || members_.find(node) == nullptr) return;
  std::uint64_t& held = asked->second.held[node];
  held = std::max(held, answer.seq);
  settle(asked->second, base::Instant{INT64_MIN}, out);
  if (asked->second.wishes.empty()) asked_.erase(asked);
}

void Holders::advance(base::Instant now, Outbox& box, Actions& out) {
  for (auto place = asked_.begin(); place != asked_.end();) {
    Asked& asked = place->second;
    settle(asked, now, out);
    if (asked.wishes.empty()) {
      place = asked_.erase(place);
      continue;
    }
    if (asked.round <= now) {
      question(place->first, asked, box, out);
      asked.gap = std::min(base::Duration{2 * asked.gap.nanos}, kHolderLongestRound);
      asked.round = now + asked.gap;
    }
    ++place;
  }
}

base::Instant Holders::next_deadline() const {
  base::Instant next = base::Instant::never();
  for (const auto& [actor, asked] : asked_) {
    next = std::min(next, asked.round);
    for (const HolderWish& wish : asked.wishes) next = std::min(next, wish.until);
  }
  return next;
}

std::vector<NodeId> Holders::holders_of(const Asked& asked, std::uint64_t seq) {
  std::vector<NodeId> nodes;
  for (const auto& [node, held] : asked.held) {
    if (held >= seq) nodes.push_back(node);
  }
  return nodes;
}

// Asks the members that do not hold everything that is wished for.
void Holders::question(const base::ActorId& actor, const Asked& asked, Outbox& box,
                       Actions& out) const {
  std::uint64_t highest = 0;
  for (const HolderWish& wish : asked.wishes) highest = std::max(highest, wish.seq);
  const std::vector<NodeId>& living = members_.living();
  const std::size_t many = std::min(living.size(), kHoldersAskedMax);
  for (std::size_t i = 0; i < many; ++i) {
    const auto held = asked.held.find(living[i]);
    if (held != asked.held.end() && held->second >= highest) continue;
    const Member& member = *members_.find(living[i]);
    const wire::HolderQuestion message{actor};
    if (member.udp_blocked) {
      out.push_back(SendFrame{living[i], member.record.address, wire::encode(message)});
    } else {
      box.add({member.record.address, living[i]}, message);
    }
  }
}

void Holders::settle(Asked& asked, base::Instant now, Actions& out) {
  auto ends = [&](const HolderWish& wish) {
    std::vector<NodeId> nodes = holders_of(asked, wish.seq);
    if (nodes.size() < wish.wanted && now < wish.until) return false;
    out.push_back(HeldBy{wish.ticket, std::move(nodes)});
    --open_;
    return true;
  };
  std::erase_if(asked.wishes, ends);
}

}  // namespace gossip
