#pragma once

// Tells peers our claimed vector and works out theirs. A message lists what differs from a state in
// which the receiver once was, or, without one, all but closed actors; the vector half of the
// sender's state hash, a sum over all entries, proves that nothing is missing. Guarantees that a
// vector is believed only when that sum fits. Leaves to Reconciler what to do when it does not.

#include <map>
#include <optional>
#include <vector>

#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"
#include "gossip/wire/message.h"

namespace gossip {

// Of one vector in parts, and of the vectors that wait for their parts: above, what was gathered of
// that peer is dropped.
inline constexpr std::size_t kVectorEntriesMax = 4 * wire::kEntriesPerMessage;
inline constexpr std::size_t kVectorsInPartsMax = 8;

// What is kept of a peer's vector: where it was above our claim, and how far it was behind.
class PeerVector {
 public:
  // `differs`: all entries of the peer that are not as in our claim now.
  PeerVector(const Claims& claims, const crdt::VersionVector::Entries& differs);

  const crdt::VersionVector::Entries& ahead() const { return ahead_; }
  std::uint64_t lag(const Claims& claims) const;    // changes that the peer lacks now
  std::uint64_t ahead(const Claims& claims) const;  // changes of its vector that we lack now

 private:
  crdt::VersionVector::Entries ahead_;
  std::uint64_t ours_then_ = 0;  // changes of the actors in ahead_ that we claimed
  std::uint64_t changes_then_ = 0;
  std::uint64_t behind_then_ = 0;
};

class Vectors {
 public:
  Vectors(const Claims& claims, Stats& stats) : claims_(claims), stats_(stats) {}

  using Entries = crdt::VersionVector::Entries;
  using Messages = std::vector<wire::Vector>;
  // Our claim above `base`; while our journal reaches back to it, else all but closed actors.
  Messages tell(bool answer, std::optional<std::uint64_t> base) const;
  // A question to a peer that may have been in our very state, as one has that we knew before a
  // restart: our state, above itself. Empty: we hold nothing to be above of.
  std::optional<wire::Vector> guess() const;
  static bool is_guess(const wire::Vector& question);
  // Our claim above the vector of a peer in `state`, of which `differs` was worked out.
  Messages tell_above(crdt::StateHash state, const Entries& differs) const;
  Messages tell_whole() const;
  wire::Vector ask_whole() const;

  struct Taken {
    bool complete = false;           // false: parts are missing, or too many
    std::optional<Entries> differs;  // where it is not as our claim; unset: cannot be worked out
    std::vector<crdt::Dependency> entries;  // as listed, of all parts
  };
  Taken take(const NodeId& peer, const wire::Vector& message);
  void closed(const NodeId& peer) { parts_.erase(peer); }

 private:
  Messages cut(wire::Vector head, const Entries& entries) const;
  std::optional<Entries> work_out(const wire::Vector& head, const Entries& listed) const;
  std::optional<Entries> above_base(const wire::Vector& head, const Entries& listed) const;

  const Claims& claims_;
  Stats& stats_;
  std::map<NodeId, std::vector<crdt::Dependency>> parts_;
};

}  // namespace gossip
