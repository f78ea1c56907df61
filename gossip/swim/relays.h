#pragma once

// Pings that we do for others. The ack of the target is passed on when it comes, also after the
// nack; when our own timeout passes first, the asker gets a nack: we are well, the target is
// silent. Bounded: a request above kRelaysMax is dropped, and its asker blames itself.

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/outbox.h"

namespace gossip {

inline constexpr std::size_t kRelaysMax = 256;

class Relays {
 public:
  struct Relay {
    Target asker;
    std::uint64_t asker_token = 0;
    NodeId target;
    base::Instant due;  // of the nack, then of being forgotten
    bool nacked = false;
  };
  explicit Relays(const Profile& profile) : profile_(profile) {}

  // False: dropped. `token` is that of our own ping to the target.
  bool add(base::Instant now, std::uint16_t token, const Target& asker, std::uint64_t asker_token,
           const NodeId& target);
  std::optional<Relay> acked(std::uint64_t token, const NodeId& target);
  std::vector<Relay> due(base::Instant now);  // to be told a nack
  base::Instant next_deadline() const;
  void clear();

 private:
  const Profile& profile_;
  std::map<std::uint16_t, Relay> relays_;
  std::set<std::pair<base::Instant, std::uint16_t>> by_due_;
};

}  // namespace gossip
