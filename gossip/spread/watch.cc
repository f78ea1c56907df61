#include "gossip/spread/watch.h"

#include <algorithm>
#include <tuple>

namespace gossip {

bool PushWatch::add(base::Instant now, const PushPlan& plan) {
  if (now - added_ < profile_.ping_timeout / 2) return false;
  std::size_t bytes = 0;
  for (const PushBatch& batch : plan.batches) bytes += batch.message.size();
  std::size_t held = 0;
  for (const Watched& push : watched_) held += push.bytes;
  if (watched_.size() >= kWatchedMax || held + bytes > kWatchedBytesMax) return false;
  added_ = now;
  Watched push{plan.batches, bytes, {}, now + profile_.ping_timeout};
  for (const Target& target : plan.targets) push.tried.push_back({*target.node, now});
  watched_.push_back(std::move(push));
  return true;
}

std::vector<PushPlan> PushWatch::due(base::Instant now, const MemberTable& members) {
  std::vector<PushPlan> out;
  for (Watched& push : watched_) {
    if (push.next > now) continue;
    auto heard = std::count_if(push.tried.begin(), push.tried.end(), [&](const Tried& tried) {
      const Member* member = members.find(tried.node);
      return member != nullptr && member->heard > tried.at;
    });
    std::vector<NodeId> wave;
    bool enough = static_cast<std::size_t>(heard) * kHeardOf >= push.tried.size() * kHeardEnough;
    if (!enough) wave = next_wave(push, members);
    push.next = wave.empty() ? base::Instant::never() : now + profile_.ping_timeout;
    if (wave.empty()) continue;
    out.push_back({push.batches, Recipients(members).targets_of(wave)});
    for (const NodeId& node : wave) push.tried.push_back({node, now});
  }
  std::erase_if(watched_, [](const Watched& push) { return push.next == base::Instant::never(); });
  return out;
}

// Picks further members, as many as have been tried. Members that are not doubtful come first; of
// these, the most recently heard come first.
std::vector<NodeId> PushWatch::next_wave(const Watched& push, const MemberTable& members) const {
  std::vector<NodeId> tried;
  for (const Tried& one : push.tried) tried.push_back(one.node);
  std::sort(tried.begin(), tried.end());
  using Rank = std::tuple<bool, std::int64_t, NodeId>;
  std::vector<Rank> rest;
  for (const NodeId& node : members.living()) {
    if (std::binary_search(tried.begin(), tried.end(), node)) continue;
    const Member& member = *members.find(node);
    rest.emplace_back(member.is_doubtful(), -member.heard.nanos, node);
  }
  std::size_t count = std::min({rest.size(), push.tried.size(), kWaveMax});
  auto end = rest.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(rest.begin(), end, rest.end());
  std::vector<NodeId> wave;
  for (auto one = rest.begin(); one != end; ++one) wave.push_back(std::get<2>(*one));
  return wave;
}

base::Instant PushWatch::next_deadline() const {
  base::Instant next = base::Instant::never();
  for (const Watched& push : watched_) next = std::min(next, push.next);
  return next;
}

}  // namespace gossip
