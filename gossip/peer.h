#pragma once

// Who is proven to speak live. A peer is one start of one node: the start returned a token that we
// made for it, so what it says is no recording; from then on a replay window guards it. Keeps the
// highest boot epoch of every node and how far the starts that were replaced had counted. Leaves
// opening, decoding and sending to Node.

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

inline constexpr std::uint32_t kAnswersPerAddress = 8;  // of a kind to one address, a second
// Starts that were proven and gave way to another one; above: the oldest is forgotten. It must be
// remembered for kTokenLife, or its proof could be sent again.
inline constexpr std::size_t kFormerStartsMax = 1'024;

// Counts what is granted in windows of one second, in all and for each address.
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
  // A boot epoch below the highest proven one of this node: an old copy, or an old recording.
  bool outdated(const NodeId& node, std::uint64_t epoch) const;
  // Of a known start, after its packet was decoded. False when the packet names another node or
  // another epoch than the one that was proven.
  bool accept(const Opened& datagram, const NodeId& node, std::uint64_t epoch);
  // The start returned a token of ours: it replaces any other start of that node.
  void prove(const Opened& datagram, const NodeId& node, std::uint64_t epoch);
  bool knows(const NodeId& node) const { return peers_.contains(node); }
  std::optional<std::uint64_t> epoch(const NodeId& node) const;  // of the proven start
  std::uint64_t start(const NodeId& node) const;                 // as in records; 0: not known
  // Who proved the start of this datagram; a short packet leaves that out.
  std::optional<NodeId> owner(const Opened& datagram) const;

  // For a question to this member, or to whoever holds an address.
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
    std::uint64_t proven_at = 0;  // counter of the proof; what came before it stays closed off
    std::uint64_t used = 0;       // key in by_use_
  };
  void replace(const Peer& peer);  // its start speaks no more
  void touch(const NodeId& node, Peer& peer);
  void make_room();

  std::size_t peers_max_;
  Tokens tokens_;
  std::map<NodeId, Peer> peers_;
  std::map<StartKey, NodeId> starts_;
  std::map<std::uint64_t, NodeId> by_use_;  // least recently heard first
  std::uint64_t uses_ = 0;
  std::map<StartKey, std::uint64_t> formers_;  // with the highest counter that was taken
  std::deque<StartKey> formers_in_order_;
};

}  // namespace gossip
