#include "gossip/swim/seeds.h"

#include <algorithm>

namespace gossip {

void Seeds::assign(base::Instant now, const std::vector<Address>& seeds, const Address& self) {
  std::map<Address, Seed> before = std::move(seeds_);
  seeds_.clear();
  for (const Address& address : seeds) {
    if (address == self || address.port == 0 || seeds_.size() >= kSeedsMax) continue;
    auto known = before.find(address);
    std::optional<NodeId> node;
    if (known != before.end()) node = known->second.node;
    seeds_[address] = {now, kFirstSeedGap, node};
  }
}

void Seeds::restart(base::Instant now) {
  for (auto& [address, seed] : seeds_) seed = {now, kFirstSeedGap, std::nullopt};
  stopped_ = false;
}

void Seeds::stop() { stopped_ = true; }

bool Seeds::answered(const Address& from, const NodeId& node) {
  auto seed = seeds_.find(from);
  if (seed == seeds_.end()) return false;
  seed->second.node = node;
  return true;
}

bool Seeds::waits_for(const Address& address, const MemberTable& table) const {
  auto seed = seeds_.find(address);
  return !stopped_ && seed != seeds_.end() && !content(seed->second, table);
}

bool Seeds::content(const Address& address, const MemberTable& table) const {
  auto seed = seeds_.find(address);
  return seed != seeds_.end() && content(seed->second, table);
}

std::vector<Address> Seeds::due(base::Instant now, const MemberTable& table) {
  std::vector<Address> out;
  if (stopped_) return out;
  auto seeds = static_cast<std::int64_t>(seeds_.size());
  base::Duration alone = std::min(kAloneSeedGap * seeds, gap_max_);
  for (auto& [address, seed] : seeds_) {
    if (seed.next > now) continue;
    if (content(seed, table)) {
      seed.gap = kFirstSeedGap;
      seed.next = now + gap_max_;
      continue;
    }
    out.push_back(address);
    auto jitter = static_cast<std::int64_t>(
        random_.below(static_cast<std::uint64_t>(seed.gap.nanos / 8 + 1)));
    seed.next = now + seed.gap + base::nanos(jitter);
    seed.gap = std::min(seed.gap * 2, table.living().empty() ? alone : gap_max_);
  }
  return out;
}

base::Instant Seeds::next_deadline() const {
  base::Instant next = base::Instant::never();
  if (stopped_) return next;
  for (const auto& [address, seed] : seeds_) next = std::min(next, seed.next);
  return next;
}

bool Seeds::content(const Seed& seed, const MemberTable& table) {
  if (!seed.node) return false;
  const Member* member = table.find(*seed.node);
  return member != nullptr && member->is_alive();
}

}  // namespace gossip
