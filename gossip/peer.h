#pragma once

// Keeps which starts are proven to be live. A peer is one start of one node. It returned a token
// that we made for it, so its messages are no replays; from then on a replay window guards it. Also
// keeps the highest boot epoch of every node, and the highest counter of each start that was
// replaced. Leaves opening, decoding and sending to Node.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/tokens.h"
#include "gossip/wire/seal.h"

namespace gossip {

// Answers of one kind to one address, a second.
inline constexpr std::uint32_t kAnswersPerAddress = 8;
// Proven starts that another start replaced; above this number the oldest is forgotten. A start
// must be remembered for kTokenLife; otherwise its proof could be replayed.
inline constexpr std::size_t kFormerStartsMax = 1'024;

// Limits grants in windows of one second, in all and for each address.
class AnswerLimit {
 public:
  explicit AnswerLimit(std::uint32_t per_second) : per_second_(per_second) {}
  bool grant(base::Instant now, const Address& to);

 private:
  std::uint32_t per_second_;
  base::Instant window_{INT64_MIN};
  std::uint32_t granted_ = 0;
  std::map<Address, std::uint32_t> granted_to_;  // at most per_second_ entries
};

class Peers {
 public:
  using Opened = wire::DatagramSeal::Opened;

  Peers(const Options& options, base::Random random);

  enum class Standing { kUnknown, kReplayed, kKnown };
  Standing standing(const Opened& datagram) const;
  // True for a boot epoch below the highest proven one of this node: an old copy, or a replay.
  bool outdated(const NodeId& node, std::uint64_t epoch) const;
  // For a datagram of a known start, after its packet was decoded. False when the packet names
  // another node or another epoch than the proven one.
  bool accept(const Opened& datagram, const NodeId& node, std::uint64_t epoch);
  // The start returned our token. It replaces any other start of this node.
  void prove(const Opened& datagram, const NodeId& node, std::uint64_t epoch);
  bool knows(const NodeId& node) const { return peers_.contains(node); }
  std::optional<std::uint64_t> epoch(const NodeId& node) const;  // the epoch of the proven start
  // The proven start as a number, as in records; 0: not known.
  std::uint64_t start(const NodeId& node) const;
  // The node that proved the start of this datagram. A short packet does not name it.
  std::optional<NodeId> owner(const Opened& datagram) const;

  // A token for a challenge to this member, or (null) to any node at an address.
  std::uint64_t token_for(base::Instant now, const NodeId* node) const;
  const Tokens& tokens() const { return tokens_; }

  std::size_t size() const { return peers_.size(); }
  std::size_t formers() const { return formers_.size(); }

 private:
  using StartKey = std::pair<std::array<unsigned char, 8>, wire::StartId>;
  struct Peer {
    StartKey start;
    std::uint64_t epoch = 0;
    wire::ReplayWindow window;
    std::uint64_t proven_at = 0;  // counter of the proof; earlier datagrams are refused
    std::uint64_t used = 0;       // its key in by_use_
  };
  void replace(const Peer& peer);  // its start is no longer valid
  void touch(const NodeId& node, Peer& peer);
  void make_room();

  std::size_t peers_max_;
  Tokens tokens_;
  std::map<NodeId, Peer> peers_;
  std::map<StartKey, NodeId> starts_;
  std::map<std::uint64_t, NodeId> by_use_;  // least recently heard first
  std::uint64_t uses_ = 0;
  // Replaced starts, with their highest taken counter.
  std::map<StartKey, std::uint64_t> formers_;
  std::deque<StartKey> formers_in_order_;
};

}  // namespace gossip
