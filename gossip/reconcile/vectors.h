#pragma once

// Sends our claimed version vector to peers and works out theirs. A message lists the entries that
// differ from a state which the receiver once had. Without such a state it lists all actors but the
// closed ones. The vector half of the sender's state hash is a sum over all entries; it proves that
// no entry is missing. A vector is believed only when this sum fits. Reconciler decides what to do
// when it does not fit.

#include <map>
#include <optional>
#include <vector>

#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"
#include "gossip/wire/message.h"

namespace gossip {

// A long vector comes in parts. These are the most entries of one, and the most peers whose parts
// are incomplete. Above them the parts of that peer are dropped.
inline constexpr std::size_t kVectorEntriesMax = 4 * wire::kEntriesPerMessage;
inline constexpr std::size_t kVectorsInPartsMax = 8;

// What we keep of a peer's vector: the entries above our claim, and how many changes it was behind.
class PeerVector {
 public:
  // `differs` has all entries of the peer that differ from our claim now.
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
  // The entries of our claim that changed since `base`. If our journal does not reach back to
  // `base`, all entries but those of closed actors.
  Messages tell(bool answer, std::optional<std::uint64_t> base) const;
  // A question to a peer that may have had the same state as we have now. Example: we were equal,
  // then we restarted and forgot it. It names our state and lists nothing. Empty if we hold
  // nothing.
  std::optional<wire::Vector> guess() const;
  static bool is_guess(const wire::Vector& question);
  // Our heads of the actors in `differs`, for a peer that is in `state`. `differs` is what take()
  // worked out for it.
  Messages tell_above(crdt::StateHash state, const Entries& differs) const;
  Messages tell_whole() const;
  wire::Vector ask_whole() const;

  struct Taken {
    bool complete = false;           // false: parts are missing, or there are too many
    std::optional<Entries> differs;  // what differs from our claim; unset: cannot be worked out
    std::vector<crdt::Dependency> entries;  // the entries that all parts list
  };
  Taken take(const NodeId& peer, const wire::Vector& message);
  void closed(const NodeId& peer) { parts_.erase(peer); }

 private:
  template <typename Range>
  Messages cut(wire::Vector head, const Range& entries) const;
  std::optional<Entries> work_out(const wire::Vector& head, const Entries& listed) const;
  std::optional<Entries> above_base(const wire::Vector& head, const Entries& listed) const;

  const Claims& claims_;
  Stats& stats_;
  std::map<NodeId, std::vector<crdt::Dependency>> parts_;
};

}  // namespace gossip
