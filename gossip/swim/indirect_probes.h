#pragma once

// Pings that we send as the helper of another member (the ping-req of SWIM): the asker got no
// answer from the target itself. We pass the ack of the target on when it comes, even after a nack.
// If our own timeout passes first, the asker gets a nack. The nack says that we are well and that
// the target did not answer. The number of these pings is bounded: a request above
// kIndirectProbesMax is dropped, and its asker counts this against its own health.

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/outbox.h"

namespace gossip {

inline constexpr std::size_t kIndirectProbesMax = 256;

class IndirectProbes {
 public:
  struct Asked {
    Target asker;
    std::uint64_t asker_token = 0;
    NodeId target;
    base::Instant due;  // first the time of the nack, then the time to forget this
    bool nacked = false;
  };
  explicit IndirectProbes(const Profile& profile) : profile_(profile) {}

  // `token` is the token of our own ping to the target. False: dropped.
  bool add(base::Instant now, std::uint16_t token, const Target& asker, std::uint64_t asker_token,
           const NodeId& target);
  std::optional<Asked> acked(std::uint64_t token, const NodeId& target);
  std::vector<Asked> due(base::Instant now);  // those whose asker gets a nack now
  base::Instant next_deadline() const;
  void clear();

 private:
  const Profile& profile_;
  std::map<std::uint16_t, Asked> by_token_;
  std::set<std::pair<base::Instant, std::uint16_t>> by_due_;
};

}  // namespace gossip
