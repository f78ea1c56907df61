#pragma once

// Which positions in the logs of other members stand for the same changes as positions in our own
// log. A client that has everything of a member's log up to a position (a cursor) can go on at our
// log with it: it may get changes again, but it misses none.
//
// A member tells its position together with its state hash. If we once held the same version
// vector, both logs have the same changes up to these two positions. Only such pairs are kept: of
// each member at most kPositionPairsMax, close together near the newest and far apart before. Of
// members, the kPositionPeersMax that told something last; a member that is gone stays, because its
// clients come to us. Nothing is stored: after a restart no pair is known.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "gossip/member.h"

namespace gossip {

inline constexpr std::size_t kPositionPairsMax = 16;
inline constexpr std::size_t kPositionPeersMax = 256;

class PeerPositions {
 public:
  // The member's log up to `theirs` has the same changes as ours up to `ours`.
  void same(const NodeId& peer, std::uint64_t theirs, std::uint64_t ours);
  // Where a client that has the log up to `theirs` of the member with this short id can go on in
  // ours: after this position. Nullopt: no pair at or below `theirs` is known, or two members have
  // this short id.
  std::optional<std::uint64_t> ours(std::string_view short_id, std::uint64_t theirs) const;

 private:
  struct Pair {
    std::uint64_t theirs = 0;
    std::uint64_t ours = 0;
  };
  struct Peer {
    std::vector<Pair> pairs;  // both positions grow
    std::uint64_t told = 0;   // in the order of what members told
  };
  static void thin(std::vector<Pair>& pairs);

  std::map<NodeId, Peer> peers_;
  std::uint64_t told_ = 0;
};

}  // namespace gossip
